export interface TinyJob {
  readonly seed: number;
  readonly steps: number;
  /** What a poisoned one kills. */
  readonly kills?: 'worker' | 'itself';
}

/** The weights of a logistic regression after some steps of gradient descent: numbers whose last bits tell of any difference. */
export function tinyRow(seed: number, steps: number): number[] {
  const rows = Array.from({ length: 8 }, (_, i) => [Math.sin(seed + i), Math.cos(3 * seed + i), i % 2]);
  const weights = [0.1 * Math.sin(seed), 0.1];
  for (let step = 0; step < steps; step++) {
    for (const [x, y, target] of rows) {
      const slope = 1 / (1 + Math.exp(-(weights[0] * x + weights[1] * y))) - target;
      weights[0] -= 0.1 * slope * x;
      weights[1] -= 0.1 * slope * y;
    }
  }
  return weights;
}
