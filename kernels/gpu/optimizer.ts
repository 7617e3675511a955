import type { Thread } from './thread.ts';

// One step of Adam, of which src/optim/adam.ts has the definition: the moments first, the weights from them.

export function adamMean(
  this: Thread,
  m: number[],
  g: number[],
  w: number[],
  beta: number,
  scale: number,
  l2: number,
): number {
  return beta * m[this.thread.x] + (1 - beta) * (scale * g[this.thread.x] + l2 * w[this.thread.x]);
}

export function adamSquare(
  this: Thread,
  v: number[],
  g: number[],
  w: number[],
  beta: number,
  scale: number,
  l2: number,
): number {
  const gradient = scale * g[this.thread.x] + l2 * w[this.thread.x];
  return beta * v[this.thread.x] + (1 - beta) * gradient * gradient;
}

export function adamWeight(
  this: Thread,
  w: number[],
  m: number[],
  v: number[],
  keep: number,
  rate: number,
  root: number,
  eps: number,
): number {
  return keep * w[this.thread.x] - (rate * m[this.thread.x]) / (root * Math.sqrt(v[this.thread.x]) + eps);
}

/** Sums of the squares of runs of `bound` numbers. */
export function squares(this: Thread, x: number[], length: number): number {
  const start = this.thread.x * this.constants.bound;
  let total = 0;
  for (let i = 0; i < this.constants.bound; i++) {
    if (start + i >= length) break;
    total += x[start + i] * x[start + i];
  }
  return total;
}
