import { parseJson } from '../io/json.ts';
import { canonical, completed, portable } from '../queue/run-inputs.ts';
import { isRecord, listOf, openFields, parseWith } from '../settings/index.ts';
import { type PlacedRun, placeFields, runFields } from './stored-run.ts';

/**
 * Finished runs as text that is committed: a JSON object for each run on a line of its own, with sorted keys, ordered by what they are
 * for. Neither paths nor commands are in it, so that the same runs give the same bytes on every machine.
 */
export function rowLines(runs: readonly PlacedRun[]): string {
  const byHash = new Map<string, PlacedRun[]>();
  for (const run of runs) {
    if (run.status !== 'finished') continue;
    byHash.set(run.hash, [...(byHash.get(run.hash) ?? []), run]);
  }
  const rows = [...byHash.values()].map((same) => {
    const places = same.map(placeOf).sort((a, b) => compared(canonical(a), canonical(b)));
    const { status, hash, settings, inputs, versions, started, ended, seconds, metrics, pruning, answers } = same[0];
    const run = { status, hash, inputs, versions, started, ended, seconds, metrics, pruning, answers };
    const searched = settings.validationSplit === undefined ? 1 : 0;
    const { task, row, seed } = places[0];
    const order = [task, row, searched, String(seed).padStart(4, '0'), hash].join(' ');
    return { order, line: canonical({ places, ...run, settings: portable(settings), command: [] }) };
  });
  return rows
    .sort((a, b) => compared(a.order, b.order))
    .map(({ line }) => `${line}\n`)
    .join('');
}

const compared = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const placeOf = ({ experiment, model, row, task, seed }: PlacedRun) => ({ experiment, model, row, task, seed });

/** The runs of such lines, each for every place that it has. @throws InputError naming the line that is none */
export function readRowLines(text: string): PlacedRun[] {
  return text.split('\n').flatMap((line, i): PlacedRun[] => {
    if (line.trim() === '') return [];
    const label = `line ${i + 1}`;
    const json = parseJson(line, label);
    const filled = isRecord(json) ? { ...json, settings: completed(json.settings) } : json;
    const { places, ...run } = parseWith(row, filled, label);
    return places.map((place) => ({ ...place, ...run }));
  });
}

const row = openFields({ places: listOf(openFields(placeFields)), ...runFields });
