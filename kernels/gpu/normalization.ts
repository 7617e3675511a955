import type { Thread } from './thread.ts';

// Rows of n numbers: x [rows, n]. Kernels with one result for each row are called with as many rounds as a row has numbers.

/** Σ e^(x - top), with the largest number of each row. */
export function rowExpSum(this: Thread, x: number[], top: number[], n: number): number {
  const start = this.thread.x * n;
  const largest = top[this.thread.x];
  let total = 0;
  for (let i = 0; i < this.constants.bound; i++) {
    if (i >= n) break;
    total += exponential(x[start + i] - largest);
  }
  return total;
}

export function softmax(this: Thread, x: number[], top: number[], total: number[], n: number): number {
  const row = quotient(this.thread.x, n);
  return exponential(x[this.thread.x] - top[row]) / total[row];
}

export function logSoftmax(this: Thread, x: number[], top: number[], total: number[], n: number): number {
  const row = quotient(this.thread.x, n);
  return x[this.thread.x] - top[row] - Math.log(total[row]);
}

/** Σ a b */
export function rowDot(this: Thread, a: number[], b: number[], n: number): number {
  return strideDot(a, b, this.thread.x * n, 1, this.thread.x * n, 1, n);
}

/** y (dy - Σ y dy) */
export function softmaxBackward(this: Thread, y: number[], dy: number[], dots: number[], n: number): number {
  return y[this.thread.x] * (dy[this.thread.x] - dots[quotient(this.thread.x, n)]);
}

/** dy - e^y Σ dy */
export function logSoftmaxBackward(this: Thread, y: number[], dy: number[], sums: number[], n: number): number {
  return dy[this.thread.x] - exponential(y[this.thread.x]) * sums[quotient(this.thread.x, n)];
}

export function rowMean(this: Thread, x: number[], n: number): number {
  const start = this.thread.x * n;
  let total = 0;
  for (let i = 0; i < this.constants.bound; i++) {
    if (i >= n) break;
    total += x[start + i];
  }
  return total / n;
}

/** 1 / √(σ² + ε) */
export function rowDeviation(this: Thread, x: number[], mean: number[], n: number, eps: number): number {
  const start = this.thread.x * n;
  const middle = mean[this.thread.x];
  let total = 0;
  for (let i = 0; i < this.constants.bound; i++) {
    if (i >= n) break;
    const centred = x[start + i] - middle;
    total += centred * centred;
  }
  return 1 / Math.sqrt(total / n + eps);
}

/** x̂ weight + bias with x̂ = (x - mean) · rstd */
export function layerNorm(
  this: Thread,
  x: number[],
  mean: number[],
  rstd: number[],
  weight: number[],
  bias: number[],
  n: number,
): number {
  const row = quotient(this.thread.x, n);
  const column = remainder(this.thread.x, n);
  return (x[this.thread.x] - mean[row]) * rstd[row] * weight[column] + bias[column];
}

/** The mean of weight dy in each row. */
export function rowMeanGradient(this: Thread, dy: number[], weight: number[], n: number): number {
  const start = this.thread.x * n;
  let total = 0;
  for (let i = 0; i < this.constants.bound; i++) {
    if (i >= n) break;
    total += weight[i] * dy[start + i];
  }
  return total / n;
}

/** The mean of weight dy x̂ in each row. */
export function rowMeanProduct(
  this: Thread,
  x: number[],
  mean: number[],
  rstd: number[],
  dy: number[],
  weight: number[],
  n: number,
): number {
  const start = this.thread.x * n;
  const middle = mean[this.thread.x];
  let total = 0;
  for (let i = 0; i < this.constants.bound; i++) {
    if (i >= n) break;
    total += weight[i] * dy[start + i] * (x[start + i] - middle);
  }
  return (total * rstd[this.thread.x]) / n;
}

/** dx = rstd (weight dy - mean(weight dy) - x̂ mean(weight dy x̂)) */
export function layerNormBackward(
  this: Thread,
  x: number[],
  mean: number[],
  rstd: number[],
  dy: number[],
  weight: number[],
  means: number[],
  products: number[],
  n: number,
): number {
  const row = quotient(this.thread.x, n);
  const normal = (x[this.thread.x] - mean[row]) * rstd[row];
  const g = weight[remainder(this.thread.x, n)] * dy[this.thread.x];
  return rstd[row] * (g - means[row] - normal * products[row]);
}

/** dy x̂, whose column sums are the gradient of the weight. */
export function timesNormal(
  this: Thread,
  x: number[],
  mean: number[],
  rstd: number[],
  dy: number[],
  n: number,
): number {
  const row = quotient(this.thread.x, n);
  return dy[this.thread.x] * (x[this.thread.x] - mean[row]) * rstd[row];
}
