import {
  type ClassScores,
  macroAverage,
  microAverage,
  type PrecisionRecallF1,
  ratio,
  scoresOfCounts,
  weightedAverage,
} from './precision-recall.ts';

/** In how many examples a label is given or not, rightly or wrongly. */
export interface LabelCounts {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/** The scores of predictions of any number of labels each, as fractions. */
export interface MultilabelReport {
  /** In the order of the labels. */
  readonly perLabel: readonly ClassScores[];
  /** The counts of right and wrong answers, in the order of the labels. */
  readonly confusion: readonly LabelCounts[];
  /** Of the counts over all cells. */
  readonly micro: ClassScores;
  /** The plain mean over the labels. */
  readonly macro: ClassScores;
  /** The mean over the labels, weighted by their support. */
  readonly weighted: ClassScores;
  /** The mean over the examples of the scores of each; an example without any label, true or predicted, counts 0. */
  readonly samples: PrecisionRecallF1;
  /** The fraction of examples that are right in all labels. */
  readonly subsetAccuracy: number;
  /** The fraction of cells that are wrong. */
  readonly hammingLoss: number;
  /** The mean over the examples of |true and predicted| / |true or predicted|; an example without any counts 0. */
  readonly jaccard: number;
}

/** The names of the scores of {@link multilabelScores}, the primary one first. */
export const multilabelScoreNames = ['f1_micro', 'f1_macro', 'f1_weighted', 'f1_samples', 'accuracy'] as const;
export type MultilabelScoreName = (typeof multilabelScoreNames)[number];

/** One row per example, of one 0 or 1 per label. */
export type LabelMatrix = readonly ArrayLike<number>[];

/**
 * The labels that are predicted: 1 where sigmoid(logit) >= threshold.
 *
 * @param logits [examples][labels]
 */
export const decideLabels = (logits: LabelMatrix, threshold = 0.5): number[][] =>
  logits.map((row) => Array.from(row, (logit) => (1 / (1 + Math.exp(-logit)) >= threshold ? 1 : 0)));

/**
 * The scores of multi-label classification: those of scikit-learn with `zero_division=0` (`precision_recall_fscore_support`,
 * `accuracy_score`, `hamming_loss`, `multilabel_confusion_matrix`, and `jaccard_score` with `average='samples'`).
 *
 * @param predictions [examples][labels] of 0 and 1
 * @param labels the same of the truth
 * @throws RangeError if there are not as many predictions as labels, in an example too, for no examples, and for what is neither 0 nor 1
 */
export function multilabelReport(predictions: LabelMatrix, labels: LabelMatrix): MultilabelReport {
  assertMatrices(predictions, labels);
  const examples = labels.length;
  const width = labels[0].length;
  const counts = Array.from({ length: width }, (_, label) =>
    overlap(
      examples,
      (i) => predictions[i][label] === 1,
      (i) => labels[i][label] === 1,
    ),
  );
  const ofExamples = labels.map((row, i) =>
    overlap(
      width,
      (label) => predictions[i][label] === 1,
      (label) => row[label] === 1,
    ),
  );
  const wrong = ofExamples.map(({ truePositives, predicted, support }) => predicted + support - 2 * truePositives);
  const perLabel = counts.map(scoresOfCounts);
  const { precision, recall, f1 } = macroAverage(ofExamples.map(scoresOfCounts));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / examples;
  return {
    perLabel,
    confusion: counts.map(({ truePositives, predicted, support }) => ({
      truePositives,
      falsePositives: predicted - truePositives,
      falseNegatives: support - truePositives,
      trueNegatives: examples - predicted - support + truePositives,
    })),
    micro: microAverage(counts),
    macro: macroAverage(perLabel),
    weighted: weightedAverage(perLabel),
    samples: { precision, recall, f1 },
    subsetAccuracy: mean(wrong.map((count) => (count === 0 ? 1 : 0))),
    hammingLoss: mean(wrong) / width,
    jaccard: mean(
      ofExamples.map(({ truePositives, predicted, support }) =>
        ratio(truePositives, predicted + support - truePositives),
      ),
    ),
  };
}

/** The averages of F1 by the names of scikit-learn, and its accuracy, that of all labels of an example together; see {@link multilabelReport}. */
export function multilabelScores(predictions: LabelMatrix, labels: LabelMatrix): Record<MultilabelScoreName, number> {
  const { micro, macro, weighted, samples, subsetAccuracy } = multilabelReport(predictions, labels);
  return {
    f1_micro: micro.f1,
    f1_macro: macro.f1,
    f1_weighted: weighted.f1,
    f1_samples: samples.f1,
    accuracy: subsetAccuracy,
  };
}

function overlap(length: number, isPredicted: (i: number) => boolean, isTrue: (i: number) => boolean) {
  let [truePositives, predicted, support] = [0, 0, 0];
  for (let i = 0; i < length; i++) {
    if (isPredicted(i)) predicted++;
    if (isTrue(i)) support++;
    if (isPredicted(i) && isTrue(i)) truePositives++;
  }
  return { truePositives, predicted, support };
}

function assertMatrices(predictions: LabelMatrix, labels: LabelMatrix): void {
  if (predictions.length !== labels.length) {
    throw new RangeError(
      `${predictions.length} predictions cannot be compared with the labels of ${labels.length} examples`,
    );
  }
  const width = labels[0]?.length ?? 0;
  if (width === 0) throw new RangeError('there are no labels to compare predictions with');
  for (const [name, rows] of Object.entries({ predictions, labels })) {
    for (const [i, row] of rows.entries()) {
      if (row.length !== width)
        throw new RangeError(`${name}[${i}] has ${row.length} labels, the first example ${width}`);
      const strange = Array.from(row).findIndex((value) => value !== 0 && value !== 1);
      if (strange >= 0) throw new RangeError(`${name}[${i}][${strange}] is ${String(row[strange])}; it must be 0 or 1`);
    }
  }
}
