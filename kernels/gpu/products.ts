import type { Thread } from './thread.ts';

/**
 * Products of [m, k] x [k, n], of which this.thread.x counts the elements. The strides of rows and columns tell whether an
 * operand is transposed.
 */
export function matmul(
  this: Thread,
  a: number[],
  b: number[],
  m: number,
  n: number,
  k: number,
  rowA: number,
  columnA: number,
  rowB: number,
  columnB: number,
): number {
  const line = quotient(this.thread.x, n);
  const batch = quotient(line, m);
  const startA = batch * m * k + remainder(line, m) * rowA;
  const startB = batch * k * n + remainder(this.thread.x, n) * columnB;
  return strideDot(a, b, startA, columnA, startB, rowB, k);
}

/** x [rows, k] times weight [n, k] transposed, plus bias [n]. */
export function linear(this: Thread, x: number[], weight: number[], bias: number[], n: number, k: number): number {
  const column = remainder(this.thread.x, n);
  const startX = quotient(this.thread.x, n) * k;
  return strideDot(x, weight, startX, 1, column * k, 1, k) + bias[column];
}
