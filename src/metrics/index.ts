import { accuracy, f1, matthews } from './classification.ts';
import { pearson, spearman } from './correlation.ts';
import { rougeScoreNames } from './rouge.ts';
import { squadScoreNames } from './squad.ts';

export { porterStem } from './porter.ts';
export { meanRouge, type RougeOptions, type RougeScore, type RougeScores, rouge } from './rouge.ts';
export { droppedLetters, type RougeTokenizer, rougeTokenizers } from './rouge-tokens.ts';
export { answerF1, exactMatch, normalizeAnswer, type SquadScores, squadScores } from './squad.ts';
export { accuracy, f1, matthews, pearson, spearman };

const metrics = { accuracy, f1, matthews, pearson, spearman };

/** Classification (values are class indices): `accuracy`, `f1`, `matthews`. Regression: `pearson`, `spearman`. */
export type MetricName = keyof typeof metrics;

/** The names of all scores that an evaluation can give. */
export const scoreNames: readonly string[] = [...Object.keys(metrics), ...squadScoreNames, ...rougeScoreNames];

/**
 * The named metrics of paired predictions and labels, as fractions (not percent).
 * @throws RangeError for another name, and if there are not as many predictions as labels.
 */
export function computeMetrics<Name extends MetricName>(
  names: readonly Name[],
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
): Record<Name, number> {
  for (const name of names) {
    if (!Object.hasOwn(metrics, name)) {
      throw new RangeError(
        `computeMetrics: there is no metric "${name}"; there are ${Object.keys(metrics).join(', ')}.`,
      );
    }
  }
  const values = names.map((name) => [name, metrics[name](predictions, labels)]);
  return Object.fromEntries(values) as Record<Name, number>;
}
