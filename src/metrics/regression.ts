import { assertPairs } from './pairs.ts';

/** How far predicted numbers are from the truth. */
export interface RegressionReport {
  /** The mean of |prediction - label|. */
  readonly meanAbsoluteError: number;
  /** √ of the mean of (prediction - label)². */
  readonly rootMeanSquaredError: number;
  /** The mean of prediction - label: above 0 where predictions are too high. */
  readonly meanError: number;
  /** 1 - Σ (label - prediction)² / Σ (label - mean)²; for equal labels 1 where all are met, and 0 otherwise. NaN for fewer than two. */
  readonly r2: number;
}

/**
 * The scores of scikit-learn's `mean_absolute_error`, `root_mean_squared_error` and `r2_score`, and the mean error.
 *
 * @throws RangeError if there are not as many predictions as labels, and for none
 */
export function regressionReport(predictions: ArrayLike<number>, labels: ArrayLike<number>): RegressionReport {
  assertPairs(predictions, labels);
  const errors = Array.from(labels, (label, i) => predictions[i] - label);
  // Squares of numbers near 1e170 overflow, and those of numbers near 1e-170 vanish.
  const scale = powerOfTwo([...errors, ...Array.from(labels)]);
  const scaledLabels = Array.from(labels, (label) => label / scale);
  const center = mean(scaledLabels);
  const squaredErrors = errors.map((error) => (error / scale) ** 2);
  const spread = scaledLabels.map((label) => (label - center) ** 2);
  return {
    meanAbsoluteError: mean(errors.map((error) => Math.abs(error) / scale)) * scale,
    rootMeanSquaredError: Math.sqrt(mean(squaredErrors)) * scale,
    meanError: mean(errors.map((error) => error / scale)) * scale,
    r2: determination(sum(squaredErrors), isConstant(labels) ? 0 : sum(spread), labels.length),
  };
}

function determination(squaredError: number, spread: number, count: number): number {
  if (count < 2) return Number.NaN;
  if (spread === 0) return squaredError === 0 ? 1 : 0;
  return 1 - squaredError / spread;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;

const isConstant = (values: ArrayLike<number>): boolean => Array.from(values).every((value) => value === values[0]);

/** That of the largest value: a division by it changes no bit. */
function powerOfTwo(values: readonly number[]): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest > 0 && Number.isFinite(largest) ? 2 ** Math.min(1023, Math.floor(Math.log2(largest))) : 1;
}
