import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Machine } from './machine.ts';
import type { Measurement } from './measure.ts';
import type { PartName } from './parts.ts';

/** The measurements of one part. */
export interface PartResult {
  readonly machine: Machine;
  /** `full` or `quick`. */
  readonly plan: string;
  readonly measurements: readonly Measurement[];
}

/** A results file: the last measurement of each part. */
export type Results = { readonly [Name in PartName]?: PartResult };

export function readResults(file: string): Results {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Adds parts to a results file, instead of what it has of them. */
export function writeResults(file: string, results: Results): void {
  const before = existsSync(file) ? readResults(file) : {};
  writeFileSync(file, `${JSON.stringify({ ...before, ...results }, shorten)}\n`);
}

/** Six digits are more than any clock is worth. */
const shorten = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
