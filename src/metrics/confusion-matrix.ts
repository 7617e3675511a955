import { assertPairs } from './pairs.ts';

/**
 * The confusion matrix: entry [i][j] counts the examples of class i that were predicted as class j (`confusion_matrix` of scikit-learn).
 *
 * @param predictions class indices, one per example
 * @param labels the same of the truth
 * @param classes the number of classes
 * @throws RangeError if predictions and labels cannot be paired, and for what is no class
 */
export function confusionMatrix(
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): number[][] {
  assertPairs(predictions, labels);
  if (!Number.isSafeInteger(classes) || classes < 1) {
    throw new RangeError(`confusionMatrix: classes must be a whole number from 1, not ${String(classes)}.`);
  }
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) {
    assertClass('labels', labels[i], i, classes);
    assertClass('predictions', predictions[i], i, classes);
    matrix[labels[i]][predictions[i]]++;
  }
  return matrix;
}

function assertClass(name: string, value: number, i: number, classes: number): void {
  if (Number.isInteger(value) && value >= 0 && value < classes) return;
  throw new RangeError(`${name}[${i}] is ${String(value)}, which is not one of the ${classes} classes`);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** How often each class occurs in the labels. */
export const labelCounts = (matrix: readonly (readonly number[])[]): number[] => matrix.map(sum);

/** How often each class was predicted. */
export const predictionCounts = (matrix: readonly (readonly number[])[]): number[] =>
  matrix.map((_, j) => sum(matrix.map((row) => row[j])));

/** The mean recall of the classes that have examples (`balanced_accuracy_score` of scikit-learn); NaN for no examples. */
export function balancedAccuracy(matrix: readonly (readonly number[])[]): number {
  const recalls = labelCounts(matrix).flatMap((count, i) => (count === 0 ? [] : [matrix[i][i] / count]));
  return sum(recalls) / recalls.length;
}

/**
 * Cohen's kappa (Cohen 1960), (p_o - p_e) / (1 - p_e) with p_o the fraction of agreement and p_e that which chance gives:
 * the sum over the classes of the products of their fractions in labels and predictions. NaN where only one class occurs.
 */
export function cohenKappa(matrix: readonly (readonly number[])[]): number {
  const [actual, predicted] = [labelCounts(matrix), predictionCounts(matrix)];
  const total = sum(actual);
  const agreed = sum(matrix.map((row, i) => row[i]));
  // Whole numbers: no difference of fractions that were rounded.
  const byChance = sum(actual.map((count, i) => count * predicted[i]));
  return (agreed * total - byChance) / (total ** 2 - byChance);
}
