import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackendName, BackendOptions } from '../../src/index.ts';
import { backendNames } from '../support/gpu.ts';

/** Records the comparison of one tensor with its reference. A missing tensor on either side is a failure. */
export type Compare = (
  tensor: string,
  got: ArrayLike<number> | undefined,
  expected: ArrayLike<number> | undefined,
  tolerance: number,
) => void;

export interface Case {
  readonly name: string;
  /** It depends on no backend, so that it is run once. */
  readonly isOfNoBackend?: boolean;
  run(compare: Compare): void | Promise<void>;
}

/** A part of the golden folder. */
export interface Area {
  readonly name: string;
  /** The backends every case runs on. */
  readonly backends: readonly (readonly [BackendName, BackendOptions])[];
  /** All cases found under the golden folder; one that cannot be read or run throws when it runs. */
  cases(folder: string): Case[];
}

export const bothBackends: Area['backends'] = backendNames.map((name) => [name, {}]);

export type Json = Record<string, unknown>;

export function readJson<T = Json>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), 'utf8')) as T;
}

/** The case folders in `folder`: all but those that start with an underscore, which cases share. */
export function caseFolders(folder: string): string[] {
  return subfolders(folder)
    .filter((name) => !name.startsWith('_'))
    .map((name) => join(folder, name));
}

export function subfolders(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name);
}

/** Those that `read` finds, or a single case that fails with what `read` throws. */
export function casesOf(name: string, read: () => Case[]): Case[] {
  try {
    return read();
  } catch (error) {
    return [
      {
        name,
        run: () => {
          throw error;
        },
      },
    ];
  }
}

/** A case of each row of a file; a row of which none can be made is a case that fails. */
export const casesOfRows = <Row>(file: string, rows: readonly Row[], caseOf: (row: Row, i: number) => Case): Case[] =>
  rows.flatMap((row, i) => casesOf(`${file}, row ${i}`, () => [caseOf(row, i)]));

/** The cases of the files in `folder`, each through the reader of its name; a file without a reader is a case that fails. */
export function casesOfFiles(folder: string, readers: Readonly<Record<string, () => Case[]>>): Case[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .flatMap(({ name }) =>
      casesOf(name, () => {
        if (!Object.hasOwn(readers, name)) throw new Error(`${folder}: unknown file ${name}`);
        return readers[name]();
      }),
    );
}

/** The smallest tolerance the golden files use, for the few numbers they give without one: 4e-6 of the largest entry. */
export function floorTolerance(expected: readonly number[]): number {
  return 4e-6 * Math.max(...expected.map(Math.abs));
}

/** Returns the difference of a tensor, or null when max |got - expected| <= tolerance. NaN equals nothing but NaN. */
export function mismatch(
  got: ArrayLike<number> | undefined,
  expected: ArrayLike<number> | undefined,
  tolerance: number,
): string | null {
  if (!got) return 'not computed';
  if (!expected) return 'nothing to compare with';
  if (got.length !== expected.length) return `${got.length} values, expected ${expected.length}`;
  let [worst, at] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    if (got[i] === expected[i] || (Number.isNaN(got[i]) && Number.isNaN(expected[i]))) continue;
    const error = Math.abs(got[i] - expected[i]);
    if (error <= worst) continue;
    [worst, at] = [Number.isNaN(error) ? Number.POSITIVE_INFINITY : error, i];
  }
  // Written so that a missing tolerance is a failure.
  if (worst <= tolerance) return null;
  return `got ${got[at]}, expected ${expected[at]} at ${at}, error ${worst}, tolerance ${tolerance}`;
}
