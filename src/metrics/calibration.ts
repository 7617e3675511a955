import { ratio } from './precision-recall.ts';
import { assertClassValues, type ClassValues, logSoftmaxRow } from './probabilities.ts';

/** The examples whose confidence lies in one bin; an empty bin has zeros. */
export interface CalibrationBin {
  readonly count: number;
  readonly confidence: number;
  readonly accuracy: number;
}

/** How well confidence agrees with accuracy (Guo et al. 2017). */
export interface Calibration {
  /** The expected calibration error: Σ count / examples · |accuracy - confidence| over the bins. */
  readonly ece: number;
  /** The maximum calibration error: the largest |accuracy - confidence|. */
  readonly mce: number;
  /** From the least confident. */
  readonly bins: readonly CalibrationBin[];
}

/**
 * The calibration of predicted probabilities: the confidence of an example is its largest probability, and it is right if the first class that has it
 * is the label. Bin i of m, from 1, holds (i - 1) / m < confidence <= i / m, the first one 0 too.
 *
 * @param probabilities [examples][classes]
 * @param labels the class of each example
 * @param options `bins`, how many; 15 by default
 * @throws RangeError if they do not fit each other, for no examples, for what is no probability, and for no bins
 */
export function calibration(
  probabilities: ClassValues,
  labels: ArrayLike<number>,
  { bins = 15 }: { readonly bins?: number } = {},
): Calibration {
  assertProbabilities(probabilities, labels);
  if (!Number.isSafeInteger(bins) || bins < 1) {
    throw new RangeError(`calibration: bins must be a whole number from 1, not ${String(bins)}.`);
  }
  return binned(
    probabilities.map((row, i) => {
      const confidence = Array.from(row).reduce((a, b) => Math.max(a, b));
      return { confidence, isRight: Array.from(row).indexOf(confidence) === labels[i] };
    }),
    bins,
  );
}

/**
 * The calibration of probabilities of any number of labels: each label of each example is an answer by itself, yes from 1/2 on, with the
 * confidence max(p, 1 - p).
 *
 * @param probabilities [examples][labels]
 * @param labels the same of 0 and 1
 * @throws RangeError for what is no probability, and for no examples
 */
export function labelCalibration(probabilities: ClassValues, labels: ClassValues): Calibration {
  return binned(
    probabilities.flatMap((row, i) => {
      assertRow(row, i, 'sigmoid(logits)');
      return Array.from(row, (p, j) => ({
        confidence: Math.max(p, 1 - p),
        isRight: p >= 0.5 === (labels[i][j] === 1),
      }));
    }),
    15,
  );
}

function binned(
  answers: readonly { readonly confidence: number; readonly isRight: boolean }[],
  bins: number,
): Calibration {
  if (answers.length === 0) throw new RangeError('there are no answers to calibrate');
  const sums = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, right: 0 }));
  for (const { confidence, isRight } of answers) {
    const sum = sums[binOf(confidence, bins)];
    sum.count++;
    sum.confidence += confidence;
    if (isRight) sum.right++;
  }
  const means = sums.map(({ count, confidence, right }) => ({
    count,
    confidence: ratio(confidence, count),
    accuracy: ratio(right, count),
  }));
  const gaps = means.map(({ confidence, accuracy }) => Math.abs(accuracy - confidence));
  return {
    ece: means.reduce((sum, { count }, i) => sum + (count / answers.length) * gaps[i], 0),
    mce: gaps.reduce((a, b) => Math.max(a, b), 0),
    bins: means,
  };
}

/** The bin, from 0, whose edges as doubles hold the confidence: its product with the number of bins may be rounded past one. */
function binOf(confidence: number, bins: number): number {
  let bin = Math.min(bins, Math.max(1, Math.ceil(confidence * bins)));
  while (bin > 1 && confidence <= (bin - 1) / bins) bin--;
  while (bin < bins && confidence > bin / bins) bin++;
  return bin - 1;
}

/**
 * The Brier score (Brier 1950): the mean over the examples of Σ (p - y)² over the classes, y 1 for the label and 0 for others; from 0 to 2.
 *
 * @param probabilities [examples][classes]
 * @param labels the class of each example
 * @throws RangeError if they do not fit each other, for no examples, and for what is no probability
 */
export function brierScore(probabilities: ClassValues, labels: ArrayLike<number>): number {
  assertProbabilities(probabilities, labels);
  const sum = probabilities.reduce(
    (total, row, i) => Array.from(row).reduce((part, p, c) => part + (p - (c === labels[i] ? 1 : 0)) ** 2, total),
    0,
  );
  return sum / labels.length;
}

/**
 * The mean negative log-likelihood of the labels, -log softmax(logits)[label], natural logarithm.
 *
 * @param logits [examples][classes]
 * @param labels the class of each example
 * @throws RangeError if they do not fit each other, and for no examples
 */
export function negativeLogLikelihood(logits: ClassValues, labels: ArrayLike<number>): number {
  assertClassValues(logits, labels);
  return logits.reduce((sum, row, i) => sum - logSoftmaxRow(row)[labels[i]], 0) / labels.length;
}

function assertProbabilities(probabilities: ClassValues, labels: ArrayLike<number>): void {
  assertClassValues(probabilities, labels);
  for (const [i, row] of probabilities.entries()) assertRow(row, i, 'softmax(logits)');
}

function assertRow(row: ArrayLike<number>, i: number, remedy: string): void {
  const strange = Array.from(row).find((p) => !(p >= 0 && p <= 1 + 1e-6));
  if (strange !== undefined)
    throw new RangeError(`prediction ${i} has ${strange}, which is no probability; use ${remedy}`);
}
