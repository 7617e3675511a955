import { erfc } from '../metrics/erfc.ts';

const LOG_ROOT_TWO_PI = Math.log(2 * Math.PI) / 2;
/** Below it the density over the mass of the tail is a continued fraction that has converged. */
const TAIL = -3;
/** Halvings of an interval of numbers: more than a float has bits. */
const HALVINGS = 120;

/** ln φ(x), of the standard normal density. */
export const logDensity = (x: number): number => -0.5 * x * x - LOG_ROOT_TWO_PI;

/**
 * ln Φ(x), of the standard normal distribution, exact in the tail too, where Φ(-t) = φ(t) / (t + 1/(t + 2/(t + 3/(t + ...))))
 * (Abramowitz and Stegun 26.2.14).
 */
export function logMassBelow(x: number): number {
  if (x > 0) return Math.log1p(-0.5 * erfc(x / Math.SQRT2));
  if (x > TAIL) return Math.log(0.5 * erfc(-x / Math.SQRT2));
  let fraction = -x;
  for (let n = 120; n >= 1; n--) fraction = -x + n / fraction;
  return logDensity(x) - Math.log(fraction);
}

/** ln(e^x - e^y) for x >= y. */
function logDifference(x: number, y: number): number {
  const gap = y - x;
  // Of two ways the one that loses no digits.
  return x + (gap > -Math.LN2 ? Math.log(-Math.expm1(gap)) : Math.log1p(-Math.exp(gap)));
}

/** ln(Φ(b) - Φ(a)) for a <= b. */
export function logMassBetween(a: number, b: number): number {
  if (a > 0) return logMassBetween(-b, -a);
  if (b > 0) return Math.log1p(-Math.exp(logMassBelow(a)) - Math.exp(logMassBelow(-b)));
  return logDifference(logMassBelow(b), logMassBelow(a));
}

/** Returns the x in [a, b] below which a fraction q of the standard normal mass between a and b lies. */
export function truncatedQuantile(q: number, a: number, b: number): number {
  if (q <= 0) return a;
  if (q >= 1) return b;
  const wanted = Math.log(q) + logMassBetween(a, b);
  let [low, high] = [a, b];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (logMassBetween(a, middle) < wanted) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
