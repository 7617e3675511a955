import { join } from 'node:path';
import { versionsOf } from './machine.ts';
import { partNames, parts } from './parts.ts';
import type { Results } from './results.ts';
import { toMarkdown } from './table.ts';
import { targetTable } from './targets.ts';

const folder = import.meta.dirname;
export const resultsFile = join(folder, 'results.json');
/** A later and shorter run, with 8 bits and the PyTorch that `pip` installs. */
export const int8ResultsFile = join(folder, 'results-int8.json');
export const chapterFile = join(folder, '../docs/performance.md');

/** The text between `<!-- name -->` and `<!-- end name -->`. */
function fragments(results: Results, int8: Results): Record<string, string> {
  const tables = partNames.map((name) => {
    const { measurements = [] } = results[name] ?? {};
    return [name, parts[name].tables(measurements).map(toMarkdown).join('\n\n')];
  });
  return {
    ...Object.fromEntries(tables),
    targets: toMarkdown(targetTable(results)),
    machine: machineOf(results),
    int8: laterRun(int8),
  };
}

/** All parts of a run with where and when each was measured, and the targets that it has measured. */
function laterRun(results: Results): string {
  const measured = partNames.flatMap((name) => {
    const result = results[name];
    if (!result) return [];
    const { cpu, instructions, date, loadBefore } = result.machine;
    const processor = [cpu, ...(instructions ?? [])].join(' ');
    const where = `${processor}; ${date.slice(0, 10)}, ${loadBefore.toFixed(1)} processes ran or waited; plan ${result.plan}`;
    const tables = parts[name].tables(result.measurements).map(toMarkdown);
    return [`### ${parts[name].title}, with int8`, where, ...tables];
  });
  const targets = targetTable(results);
  const rows = targets.rows.filter(([, , , met]) => met !== '–');
  return ['**Where it was measured**', machineOf(results), ...measured, toMarkdown({ ...targets, rows })].join('\n\n');
}

/** Where each part was measured, and what took part. */
function machineOf(results: Results): string {
  const all = partNames.flatMap((name) => results[name] ?? []);
  const machines = all.map(({ machine: { cpu, cores, platform, node, v8 } }) =>
    [`- ${cpu}, ${cores} cores, ${platform}`, `- Node.js ${node}, V8 ${v8}`].join('\n'),
  );
  const versions = versionsOf(all.flatMap(({ measurements }) => measurements)).map((line) => `- ${line}`);
  return [...new Set([...machines, ...versions])].join('\n');
}

/** The chapter with the tables of these results, and of a later run with 8 bits. @throws Error if it lacks the place of one */
export function withResults(chapter: string, results: Results, int8: Results): string {
  let text = chapter;
  for (const [name, fragment] of Object.entries(fragments(results, int8))) {
    const place = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end ${name} -->)`);
    if (!place.test(text)) throw new Error(`docs/performance.md has no place for '${name}'.`);
    text = text.replace(place, (_all, begin: string, end: string) => `${begin}\n${fragment}\n\n${end}`);
  }
  return text;
}
