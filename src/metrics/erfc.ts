import { erf } from '../backends/reference/erf.ts';

/**
 * The complementary error function 1 - erf x for x >= 0, with full precision in the tail too, where it is the continued fraction
 * e^(-x^2)/sqrt(pi) · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))) (Abramowitz and Stegun 7.1.14).
 */
export function erfc(x: number): number {
  if (x < 2) return 1 - erf(x);
  let tail = x;
  for (let n = 120; n >= 1; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
}
