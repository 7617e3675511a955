import type { Thread } from './thread.ts';

// One step of Adam, of which src/optim/adamw.ts has the definition: the moments first, the weights from them.

export function adamMean(
  this: Thread,
  m: number[],
  g: number[],
  w: number[],
  scale: number[],
  beta: number,
  l2: number,
): number {
  return beta * m[this.thread.x] + (1 - beta) * (scale[0] * g[this.thread.x] + l2 * w[this.thread.x]);
}

export function adamSquare(
  this: Thread,
  v: number[],
  g: number[],
  w: number[],
  scale: number[],
  beta: number,
  l2: number,
): number {
  const gradient = scale[0] * g[this.thread.x] + l2 * w[this.thread.x];
  return beta * v[this.thread.x] + (1 - beta) * gradient * gradient;
}

export function adamWeight(
  this: Thread,
  w: number[],
  m: number[],
  v: number[],
  decay: number,
  stepSize: number,
  rootScale: number,
  eps: number,
): number {
  return decay * w[this.thread.x] - (stepSize * m[this.thread.x]) / (rootScale * Math.sqrt(v[this.thread.x]) + eps);
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
