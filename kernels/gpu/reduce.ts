import type { Thread } from './thread.ts';

/** Sums over runs of `bound` rows: x [outer, rows, inner] -> [outer, chunks, inner]. */
export function sumRows(this: Thread, x: number[], rows: number, chunks: number, inner: number): number {
  const line = quotient(this.thread.x, inner);
  const first = remainder(line, chunks) * this.constants.bound;
  const start = (quotient(line, chunks) * rows + first) * inner + remainder(this.thread.x, inner);
  let total = 0;
  for (let i = 0; i < this.constants.bound; i++) {
    if (first + i >= rows) break;
    total += x[start + i * inner];
  }
  return total;
}

/** The largest of them; NaN if one is NaN. */
export function maxRows(this: Thread, x: number[], rows: number, chunks: number, inner: number): number {
  const line = quotient(this.thread.x, inner);
  const first = remainder(line, chunks) * this.constants.bound;
  const start = (quotient(line, chunks) * rows + first) * inner + remainder(this.thread.x, inner);
  let best = x[start];
  for (let i = 1; i < this.constants.bound; i++) {
    if (first + i >= rows) break;
    const value = x[start + i * inner];
    if (value > best) best = value;
    else if (!(value <= best)) best += value;
  }
  return best;
}
