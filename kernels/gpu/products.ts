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

/**
 * Blocks of 2 x 2 numbers, which are one colour of a texture: [x, right, below, both]. Of matrices [rows, columns], whose strides
 * tell whether they are transposed; what lies beyond an edge is 0.
 */
export function pack(
  this: Thread,
  x: number[],
  rows: number,
  columns: number,
  rowStep: number,
  columnStep: number,
): number[] {
  const across = quotient(columns + 1, 2);
  const down = quotient(rows + 1, 2);
  const line = quotient(this.thread.x, across);
  const column = 2 * remainder(this.thread.x, across);
  const batch = quotient(line, down);
  const row = 2 * remainder(line, down);
  const start = batch * rows * columns + row * rowStep + column * columnStep;
  let right = 0;
  let below = 0;
  let both = 0;
  if (column + 1 < columns) right = x[start + columnStep];
  if (row + 1 < rows) {
    below = x[start + rowStep];
    if (column + 1 < columns) both = x[start + rowStep + columnStep];
  }
  return [x[start], right, below, both];
}

/** The blocks of products a bᵀ: of a [down, count] and b [across, count] blocks. */
export function blockProduct(
  this: Thread,
  a: number[][],
  b: number[][],
  down: number,
  across: number,
  count: number,
): number[] {
  const line = quotient(this.thread.x, across);
  const batch = quotient(line, down);
  return blockDot(a, b, line * count, (batch * across + remainder(this.thread.x, across)) * count, count);
}

/** The numbers of matrices [m, n] that lie in blocks. */
export function unpack(this: Thread, blocks: number[][], m: number, n: number): number {
  const line = quotient(this.thread.x, n);
  const column = remainder(this.thread.x, n);
  const batch = quotient(line, m);
  const row = remainder(line, m);
  return numberOf(blocks, (batch * quotient(m + 1, 2) + quotient(row, 2)) * quotient(n + 1, 2), row, column);
}

/** The same of one matrix, plus bias [n]. */
export function unpackLinear(this: Thread, blocks: number[][], bias: number[], n: number): number {
  const row = quotient(this.thread.x, n);
  const column = remainder(this.thread.x, n);
  return numberOf(blocks, quotient(row, 2) * quotient(n + 1, 2), row, column) + bias[column];
}
