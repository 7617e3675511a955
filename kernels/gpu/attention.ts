import type { Thread } from './thread.ts';

// Scores are [rows, heads, width], where width is the largest number of keys. Query row r sees the `seen[r]` rows of keys from
// `first[r]` on.

/** scale · q kᵀ inside each head; what is not seen gets a number whose e^x is 0 and whose product with 0 is 0. */
export function attentionScores(
  this: Thread,
  q: number[],
  k: number[],
  first: number[],
  seen: number[],
  heads: number,
  headDim: number,
  width: number,
  scale: number,
): number {
  const key = remainder(this.thread.x, width);
  const line = quotient(this.thread.x, width);
  const row = quotient(line, heads);
  if (key >= seen[row]) return -1e30;
  const startQ = line * headDim;
  const startK = ((first[row] + key) * heads + remainder(line, heads)) * headDim;
  return scale * strideDot(q, k, startQ, 1, startK, 1, headDim);
}

/** scale · (scores times the rows that are seen): the output from the probabilities, the gradient of q from those of scores. */
export function attentionRows(
  this: Thread,
  scores: number[],
  values: number[],
  first: number[],
  seen: number[],
  heads: number,
  headDim: number,
  width: number,
  scale: number,
): number {
  const hidden = heads * headDim;
  const row = quotient(this.thread.x, hidden);
  const start = quotient(this.thread.x, headDim) * width;
  const keys = seen[row];
  const place = first[row] * hidden + remainder(this.thread.x, hidden);
  return scale * strideDot(scores, values, start, 1, place, hidden, keys);
}

/**
 * scale · (scores transposed times the query rows): the gradients of keys and values. The key row r, number `key[r]` of its
 * sequence, is seen by the `count[r]` query rows from `first[r]` on.
 */
export function attentionColumns(
  this: Thread,
  scores: number[],
  values: number[],
  first: number[],
  count: number[],
  key: number[],
  heads: number,
  headDim: number,
  width: number,
  scale: number,
): number {
  const hidden = heads * headDim;
  const row = quotient(this.thread.x, hidden);
  const column = remainder(this.thread.x, hidden);
  const start = first[row];
  const queries = count[row];
  const score = quotient(column, headDim) * width + key[row];
  const step = heads * width;
  return scale * strideDot(scores, values, start * step + score, step, start * hidden + column, hidden, queries);
}
