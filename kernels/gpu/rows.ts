import type { Thread } from './thread.ts';

/** Rows of `table`; a negative id gives zeros. */
export function gather(this: Thread, table: number[], ids: number[], width: number): number {
  const id = ids[quotient(this.thread.x, width)];
  if (id < 0) return 0;
  return table[id * width + remainder(this.thread.x, width)];
}

/** Row r of the result is the sum of the rows `order[i]` of x for starts[r] <= i < starts[r + 1]. */
export function scatterAdd(this: Thread, x: number[], starts: number[], order: number[], width: number): number {
  const row = quotient(this.thread.x, width);
  const column = remainder(this.thread.x, width);
  const first = starts[row];
  const end = starts[row + 1];
  let total = 0;
  for (let i = 0; i < this.constants.bound; i++) {
    if (first + i >= end) break;
    total += x[order[first + i] * width + column];
  }
  return total;
}
