/** The arithmetic mean. */
export const sampleMean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** The standard deviation of a sample, √(Σ (x − x̄)² / (n − 1)); null for fewer than two values. */
export function standardDeviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const center = sampleMean(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - center) ** 2, 0) / (values.length - 1));
}

/** A comparison of pairs. */
export interface PairedTest {
  /** Mean of the differences. */
  readonly difference: number;
  readonly pairs: number;
  /** Null where it is undefined: a single pair, or differences that are all the same. */
  readonly t: number | null;
  /** Two-sided. */
  readonly p: number | null;
}

/**
 * Student's t-test for pairs (Student, 1908): with differences d of n pairs, t = d̄ / (s_d / √n) has n − 1 degrees of freedom if the
 * pairs differ by chance alone.
 */
export function pairedTTest(values: readonly number[], others: readonly number[]): PairedTest {
  const differences = values.map((value, i) => value - others[i]);
  const [difference, deviation] = [sampleMean(differences), standardDeviation(differences)];
  const pairs = differences.length;
  if (deviation === null || deviation === 0) return { difference, pairs, t: null, p: null };
  const t = difference / (deviation / Math.sqrt(pairs));
  return { difference, pairs, t, p: 1 - centralT(Math.abs(t), pairs - 1) };
}

/**
 * The probability that Student's t with ν degrees of freedom lies in [−t, t]. With θ = atan(t / √ν) and whole ν it is a finite sum
 * (Abramowitz and Stegun, 26.7.3 and 26.7.4):
 *
 *   ν odd:   2/π (θ + sin θ (cos θ + 2/3 cos³θ + ... + (2·4···(ν−3)) / (3·5···(ν−2)) cos^(ν−2) θ))
 *   ν even:  sin θ (1 + 1/2 cos²θ + (1·3)/(2·4) cos⁴θ + ... + (1·3···(ν−3)) / (2·4···(ν−2)) cos^(ν−2) θ)
 */
export function centralT(t: number, degrees: number): number {
  const theta = Math.atan(t / Math.sqrt(degrees));
  const cos = Math.cos(theta);
  const isOdd = degrees % 2 === 1;
  let sum = 0;
  let term = isOdd ? cos : 1;
  for (let power = isOdd ? 1 : 0; power <= degrees - 2; power += 2) {
    sum += term;
    term *= (cos * cos * (power + 1)) / (power + 2);
  }
  const inside = Math.sin(theta) * sum;
  return isOdd ? (2 / Math.PI) * (theta + inside) : inside;
}
