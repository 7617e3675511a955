import { assertPairs } from './pairs.ts';

/** The fraction of equal entries; NaN for no entries. */
export function accuracy(predictions: ArrayLike<number>, labels: ArrayLike<number>): number {
  assertPairs(predictions, labels);
  return countPairs(predictions, labels, (prediction, label) => prediction === label) / labels.length;
}

/** F1 of class 1: 2 TP / (2 TP + FP + FN), and 0 where nothing is or should be positive. */
export function f1(predictions: ArrayLike<number>, labels: ArrayLike<number>): number {
  assertPairs(predictions, labels);
  const truePositives = countPairs(predictions, labels, (prediction, label) => prediction === 1 && label === 1);
  const errors = countPairs(predictions, labels, (prediction, label) => (prediction === 1) !== (label === 1));
  return truePositives === 0 ? 0 : (2 * truePositives) / (2 * truePositives + errors);
}

/** The plain mean of the F1 of all classes that occur or are predicted; NaN for no entries. */
export function macroF1(predictions: ArrayLike<number>, labels: ArrayLike<number>): number {
  assertPairs(predictions, labels);
  const [predicted, actual] = [countClasses(predictions), countClasses(labels)];
  const classes = [...new Set([...predicted.keys(), ...actual.keys()])];
  const f1Of = (k: number) =>
    (2 * countPairs(predictions, labels, (prediction, label) => prediction === k && label === k)) /
    ((predicted.get(k) ?? 0) + (actual.get(k) ?? 0));
  return classes.reduce((sum, k) => sum + f1Of(k), 0) / classes.length;
}

/**
 * Matthews correlation for any number of classes (R_K of Gorodkin 2004, equation 8; two classes give the usual phi):
 * with t_k and p_k the counts of class k in labels and predictions, c the correct and s all entries,
 * (c s - sum t_k p_k) / sqrt((s^2 - sum t_k^2) (s^2 - sum p_k^2)). It is 0 when all predictions or all labels are one class.
 */
export function matthews(predictions: ArrayLike<number>, labels: ArrayLike<number>): number {
  assertPairs(predictions, labels);
  const total = labels.length;
  const correct = countPairs(predictions, labels, (prediction, label) => prediction === label);
  const predicted = countClasses(predictions);
  const actual = countClasses(labels);
  const product = (a: Map<number, number>, b: Map<number, number>) =>
    [...a].reduce((sum, [k, count]) => sum + count * (b.get(k) ?? 0), 0);
  const spread = (total ** 2 - product(actual, actual)) * (total ** 2 - product(predicted, predicted));
  return spread === 0 ? 0 : (correct * total - product(actual, predicted)) / Math.sqrt(spread);
}

function countPairs(
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  matches: (prediction: number, label: number) => boolean,
): number {
  let count = 0;
  for (let i = 0; i < labels.length; i++) if (matches(predictions[i], labels[i])) count++;
  return count;
}

function countClasses(values: ArrayLike<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < values.length; i++) counts.set(values[i], (counts.get(values[i]) ?? 0) + 1);
  return counts;
}
