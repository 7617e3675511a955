import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackendName, BackendOptions } from '../../src/index.ts';

/** Records the comparison of one tensor with its reference. A missing tensor on either side is a failure. */
export type Compare = (
  tensor: string,
  got: ArrayLike<number> | undefined,
  expected: ArrayLike<number> | undefined,
  tolerance: number,
) => void;

export interface Case {
  readonly name: string;
  /** What the case needs and the project does not have yet: the case is skipped and listed. */
  readonly missing?: MissingFeature;
  run(compare: Compare): void | Promise<void>;
}

/** The only reasons for which a case may be skipped. */
export type MissingFeature =
  | 'bart'
  | 'lora'
  | 'prefix'
  | 'parallel'
  | 'pfeiffer'
  | 'mam'
  | 'fusion'
  | 'rouge'
  | 'squad';

/** A part of the golden folder. */
export interface Area {
  readonly name: string;
  /** The backends every case runs on. */
  readonly backends: readonly (readonly [BackendName, BackendOptions])[];
  /** All cases found under the golden folder. @throws Error for one of an unknown kind */
  cases(folder: string): Case[];
}

export const bothBackends: Area['backends'] = [
  ['wasm', {}],
  ['reference', {}],
];

export type Json = Record<string, unknown>;

export function readJson<T = Json>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), 'utf8')) as T;
}

/** The sub-folders of `folder` that hold a case.json, by name. */
export function caseFolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names.map(({ name }) => join(folder, name)).filter((path) => existsSync(join(path, 'case.json')));
}

/** The smallest tolerance the golden files use, for the few numbers they give without one: 4e-6 of the largest entry. */
export function floorTolerance(expected: readonly number[]): number {
  return 4e-6 * Math.max(...expected.map(Math.abs));
}

/** max |got - expected|; infinite where lengths differ or one side is NaN. */
export function maxError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(got[i]) && Number.isNaN(expected[i])) continue;
    const error = Math.abs(got[i] - expected[i]);
    if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
  }
  return worst;
}
