import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { InputError } from '../errors.ts';
import { readTextFile } from '../io/files.ts';
import { isFolder } from '../io/index.ts';
import { parseJson } from '../io/json.ts';
import { parseWith, printable } from '../settings/index.ts';
import type { RunSettings } from '../training/index.ts';
import { hashOf, ResultStore } from './store.ts';
import { type PlacedRun, placedRuns } from './stored-run.ts';

/** Folders of data or models that lie elsewhere than where the runs were: the old path and the new one. */
export type Moves = readonly (readonly [from: string, to: string])[];

/** The result of an import. */
export interface ImportCount {
  readonly imported: number;
  /** Those that the store had already. */
  readonly known: number;
  /** Those that were neither finished nor failed, which are left out. */
  readonly unfinished: number;
}

/**
 * The runs of another output folder.
 *
 * @param path what `results --format json` has written, or a `results.sqlite`, or the folder with one
 * @throws InputError if it is neither
 */
export async function readExport(path: string): Promise<PlacedRun[]> {
  const file = isFolder(path) ? ResultStore.file(path) : path;
  if (existsSync(file) && isDatabase(file)) {
    const store = await ResultStore.openFile(file);
    try {
      return store.list();
    } finally {
      store.close();
    }
  }
  const text = readTextFile(file);
  try {
    const runs = parseWith(placedRuns, parseJson(text, 'the file'), 'runs');
    const other = runs.find(({ hash, settings }) => hash !== hashOf(settings));
    if (!other) return runs;
    throw new InputError(`the run ${printable(other.hash)} has not the hash of its settings.`);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(
      `${path} is no export of results; give a results.sqlite, or what results --format json has written: ${error.message}`,
    );
  }
}

/**
 * Imports the runs of another store, all or none. A run that is there already stays as it is.
 *
 * @throws InputError if the database cannot be written
 */
export function importRuns(store: ResultStore, runs: readonly PlacedRun[], moves: Moves = []): ImportCount {
  const hasEnded = ({ status }: PlacedRun) => status === 'finished' || status === 'failed';
  const left = new Set(runs.filter((run) => !hasEnded(run)).map(({ hash }) => hash));
  const count = { imported: 0, known: 0, unfinished: left.size };
  const seen = new Set<string>();
  store.atOnce(() => {
    for (const run of movedRuns(runs.filter(hasEnded), moves, (hash) => store.runFolder(hash))) {
      if (!seen.has(run.hash)) {
        seen.add(run.hash);
        if (store.find(run.hash)) count.known++;
        else {
          store.insert(run);
          count.imported++;
        }
      }
      store.place(run.hash, run);
    }
  });
  return count;
}

/** The runs as if they had been run here. Their hashes change with the paths in their settings. */
function movedRuns(runs: readonly PlacedRun[], moves: Moves, folderOf: (hash: string) => string): PlacedRun[] {
  if (moves.length === 0) return [...runs];
  const hashes = new Map<string, string>();
  const move = (text: string): string => {
    const [from, to] = moves.find(([old]) => text === old || text.startsWith(`${old}/`)) ?? ['', ''];
    return to + text.slice(from.length);
  };
  const moved = (run: PlacedRun): PlacedRun => {
    const settings: RunSettings = JSON.parse(JSON.stringify(run.settings), (_, value) =>
      typeof value === 'string' ? move(value) : value,
    );
    const fused = settings.fused?.map((one) => ({
      ...one,
      run: folderOf(hashes.get(basename(one.run)) ?? basename(one.run)),
    }));
    const all = { ...settings, ...(fused && { fused }) };
    const hash = hashOf(all);
    hashes.set(run.hash, hash);
    return { ...run, model: move(run.model), settings: all, hash };
  };
  const mixing = runs.filter(({ settings }) => settings.fused);
  return [...runs.filter(({ settings }) => !settings.fused), ...mixing].map(moved);
}

function isDatabase(path: string): boolean {
  const header = Buffer.alloc(16);
  const file = openSync(path, 'r');
  try {
    readSync(file, header);
  } finally {
    closeSync(file);
  }
  return header.toString('latin1') === 'SQLite format 3\0';
}
