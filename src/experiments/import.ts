import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { InputError } from '../errors.ts';
import { readTextFile } from '../io/files.ts';
import { isFolder } from '../io/index.ts';
import { hashOf, numericsVersion } from '../queue/run-inputs.ts';
import { printable } from '../settings/index.ts';
import { readRowLines } from './rows.ts';
import { ResultStore } from './store.ts';
import type { PlacedRun } from './stored-run.ts';

/** The result of an import. */
export interface ImportCount {
  readonly imported: number;
  /** Those that the store had already. */
  readonly known: number;
  /** Those that were neither finished nor failed, which are left out. */
  readonly unfinished: number;
  /** Those of another version of the numerics, which are left out. */
  readonly outdated: number;
}

/**
 * The runs of another output folder.
 *
 * @param path what `results --format jsonl` has written, or a `results.sqlite`, or the folder with one
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
    const runs = readRowLines(text);
    const other = runs.find(({ hash, settings, inputs }) => hash !== hashOf(settings, inputs));
    if (!other) return runs;
    throw new InputError(`the run ${printable(other.hash)} has not the hash of its settings.`);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(
      `${path} is no export of results; give a results.sqlite, or what results --format jsonl has written: ${error.message}`,
    );
  }
}

/**
 * Imports the runs of another store, all or none. A run that is there already stays as it is.
 *
 * @throws InputError if the database cannot be written
 */
export function importRuns(store: ResultStore, runs: readonly PlacedRun[]): ImportCount {
  const hasEnded = ({ status }: PlacedRun) => status === 'finished' || status === 'failed';
  const isOfNow = ({ inputs }: PlacedRun) => inputs.numerics === numericsVersion;
  const hashesOf = (some: readonly PlacedRun[]) => new Set(some.map(({ hash }) => hash)).size;
  const unfinished = hashesOf(runs.filter((run) => isOfNow(run) && !hasEnded(run)));
  const count = { imported: 0, known: 0, unfinished, outdated: hashesOf(runs.filter((run) => !isOfNow(run))) };
  const seen = new Set<string>();
  store.atOnce(() => {
    for (const run of runs.filter((one) => isOfNow(one) && hasEnded(one))) {
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
