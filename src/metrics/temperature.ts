import { assertClassValues, type ClassValues, logSoftmaxRow } from './probabilities.ts';

const STEPS = 200;

/**
 * The temperature T > 0 that minimises the negative log-likelihood of softmax(logits / T) (Guo et al. 2017).
 *
 * With b = 1 / T the likelihood is convex; its derivative is the mean of E_p[z] - z_label and rises with b, its second derivative the mean of
 * Var_p[z]. Newton's steps are taken inside of a bracket of the zero, and halve it where they would leave it.
 *
 * @param logits [examples][classes], finite
 * @param labels the class of each example
 * @returns 0 where the smallest T is the best (each label has the largest logit), Infinity where the largest is (logits that say less than chance)
 * @throws RangeError if they do not fit each other, for no examples, and for logits that are not finite
 */
export function temperatureScaling(logits: ClassValues, labels: ArrayLike<number>): number {
  assertClassValues(logits, labels);
  const rows = logits.map((row, i) => {
    const values = Float64Array.from(row);
    if (!values.every(Number.isFinite))
      throw new RangeError(`temperatureScaling: the logits of example ${i} are not finite.`);
    // Relative to the label the derivative is a sum of small numbers where the fit is good.
    return values.map((value) => value - values[labels[i]]);
  });
  const largest = rows.reduce((most, row) => row.reduce((a, b) => Math.max(a, Math.abs(b)), most), 0);
  if (rows.every((row) => row.every((value) => value <= 0))) return largest === 0 ? 1 : 0;
  if (slopeAt(rows, 0).slope >= 0) return Number.POSITIVE_INFINITY;

  let low = 0;
  let high = 1 / largest;
  while (slopeAt(rows, high).slope < 0) {
    low = high;
    high *= 2;
  }
  let b = high;
  for (let step = 0; step < STEPS; step++) {
    const { slope, curvature } = slopeAt(rows, b);
    if (slope > 0) high = b;
    else low = b;
    const newton = b - slope / curvature;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - b) <= 2 * Number.EPSILON * b) return 1 / next;
    b = next;
  }
  return 1 / b;
}

/** The first and the second derivative by b, not divided by the number of examples; z are the rows less that of the label. */
function slopeAt(rows: readonly Float64Array[], b: number): { slope: number; curvature: number } {
  let [slope, curvature] = [0, 0];
  for (const row of rows) {
    const p = logSoftmaxRow(row.map((z) => b * z)).map(Math.exp);
    const mean = p.reduce((sum, probability, c) => sum + probability * row[c], 0);
    slope += mean;
    curvature += p.reduce((sum, probability, c) => sum + probability * (row[c] - mean) ** 2, 0);
  }
  return { slope, curvature };
}
