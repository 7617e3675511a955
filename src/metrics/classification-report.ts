import { balancedAccuracy, cohenKappa, confusionMatrix, labelCounts, predictionCounts } from './confusion-matrix.ts';
import {
  type ClassScores,
  macroAverage,
  microAverage,
  ratio,
  scoresOfCounts,
  weightedAverage,
} from './precision-recall.ts';

/** The scores of predictions of classes, as fractions. */
export interface ClassificationReport {
  readonly accuracy: number;
  /** In the order of the classes. */
  readonly perClass: readonly ClassScores[];
  /** Of the counts of all classes together; each of its scores is the accuracy. */
  readonly micro: ClassScores;
  /** The plain mean over all classes, those without examples included. */
  readonly macro: ClassScores;
  /** The mean over all classes, weighted by their support. */
  readonly weighted: ClassScores;
  /** Entry [i][j] counts the examples of class i that were predicted as class j. */
  readonly confusionMatrix: readonly (readonly number[])[];
  /** The mean recall of the classes that have examples. */
  readonly balancedAccuracy: number;
  /** NaN where only one class occurs. */
  readonly cohenKappa: number;
}

/**
 * The scores of scikit-learn's `classification_report` with `zero_division=0`, and what else a confusion matrix says.
 *
 * @param predictions class indices, one per example
 * @param labels the same of the truth
 * @param classes the number of classes
 * @throws RangeError if predictions and labels cannot be paired, and for what is no class
 */
export function classificationReport(
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): ClassificationReport {
  const matrix = confusionMatrix(predictions, labels, classes);
  const [actual, predicted] = [labelCounts(matrix), predictionCounts(matrix)];
  const counts = matrix.map((row, i) => ({ truePositives: row[i], predicted: predicted[i], support: actual[i] }));
  const perClass = counts.map(scoresOfCounts);
  const agreed = counts.reduce((sum, { truePositives }) => sum + truePositives, 0);
  return {
    accuracy: ratio(agreed, labels.length),
    perClass,
    micro: microAverage(counts),
    macro: macroAverage(perClass),
    weighted: weightedAverage(perClass),
    confusionMatrix: matrix,
    balancedAccuracy: balancedAccuracy(matrix),
    cohenKappa: cohenKappa(matrix),
  };
}
