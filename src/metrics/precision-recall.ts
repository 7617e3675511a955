/** Precision TP / predicted, recall TP / actual and F1 = 2 TP / (predicted + actual); a division by 0 gives 0. */
export interface PrecisionRecallF1 {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** The scores of one class, and how often it occurs in the labels. */
export interface ClassScores extends PrecisionRecallF1 {
  readonly support: number;
}

/** How often one class was predicted, how often it occurs in the labels, and how often both agree. */
export interface ClassCounts {
  readonly truePositives: number;
  readonly predicted: number;
  readonly support: number;
}

/** a / b, and 0 where b is 0. */
export const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

export function scoresOfCounts({ truePositives, predicted, support }: ClassCounts): ClassScores {
  return {
    precision: ratio(truePositives, predicted),
    recall: ratio(truePositives, support),
    f1: ratio(2 * truePositives, predicted + support),
    support,
  };
}

/** The scores of the counts of all classes together. */
export function microAverage(counts: readonly ClassCounts[]): ClassScores {
  const total = (count: keyof ClassCounts) => counts.reduce((sum, one) => sum + one[count], 0);
  return scoresOfCounts({
    truePositives: total('truePositives'),
    predicted: total('predicted'),
    support: total('support'),
  });
}

/** The plain mean over the classes; NaN for none. */
export const macroAverage = (scores: readonly ClassScores[]): ClassScores =>
  average(
    scores,
    () => 1,
    (sum, weights) => sum / weights,
  );

/** The mean over the classes, weighted by their support; 0 where no class has any. */
export const weightedAverage = (scores: readonly ClassScores[]): ClassScores =>
  average(scores, ({ support }) => support, ratio);

function average(
  scores: readonly ClassScores[],
  weightOf: (score: ClassScores) => number,
  divide: (sum: number, weights: number) => number,
): ClassScores {
  const total = (value: (score: ClassScores) => number) => scores.reduce((sum, score) => sum + value(score), 0);
  const weights = total(weightOf);
  const mean = (name: keyof PrecisionRecallF1) =>
    divide(
      total((score) => weightOf(score) * score[name]),
      weights,
    );
  return {
    precision: mean('precision'),
    recall: mean('recall'),
    f1: mean('f1'),
    support: total(({ support }) => support),
  };
}
