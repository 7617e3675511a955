import type { Thread } from './thread.ts';

/** The identity: what moves numbers from an array of the host to the device. */
export function upload(this: Thread, values: number[]): number {
  return values[this.thread.x];
}

export function fill(this: Thread, value: number): number {
  return value;
}

/** Any rearrangement that reads x with strides, from `base` on. */
export function walk(
  this: Thread,
  x: number[],
  base: number,
  n1: number,
  n2: number,
  n3: number,
  n4: number,
  n5: number,
  s0: number,
  s1: number,
  s2: number,
  s3: number,
  s4: number,
  s5: number,
): number {
  return x[base + place(this.thread.x, n1, n2, n3, n4, n5, s0, s1, s2, s3, s4, s5)];
}

/** x [outer, rows, inner] from row `start` on of zeros [outer, length, inner]. */
export function padRows(this: Thread, x: number[], rows: number, inner: number, length: number, start: number): number {
  const line = quotient(this.thread.x, inner);
  const row = remainder(line, length) - start;
  if (row < 0 || row >= rows) return 0;
  return x[(quotient(line, length) * rows + row) * inner + remainder(this.thread.x, inner)];
}

/** a [outer, rowsA, inner] and b [outer, rowsB, inner], one after the other in the middle axis. */
export function concatRows(
  this: Thread,
  a: number[],
  b: number[],
  rowsA: number,
  rowsB: number,
  inner: number,
): number {
  const line = quotient(this.thread.x, inner);
  const outer = quotient(line, rowsA + rowsB);
  const row = remainder(line, rowsA + rowsB);
  const column = remainder(this.thread.x, inner);
  if (row < rowsA) return a[(outer * rowsA + row) * inner + column];
  return b[(outer * rowsB + row - rowsA) * inner + column];
}
