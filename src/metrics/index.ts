import { accuracy, f1, matthews } from './classification.ts';
import { pearson, spearman } from './correlation.ts';
import { rougeScoreNames } from './rouge.ts';
import { squadScoreNames } from './squad.ts';

export { type BleuOptions, type BleuScore, corpusBleu, type SmoothMethod, sentenceBleu } from './bleu.ts';
export { type BleuTokenizer, bleuTokenizers } from './bleu-tokenizers.ts';
export {
  brierScore,
  type Calibration,
  type CalibrationBin,
  calibration,
  negativeLogLikelihood,
} from './calibration.ts';
export { type ChrfOptions, type ChrfScore, corpusChrf, sentenceChrf } from './chrf.ts';
export { type ClassificationReport, classificationReport } from './classification-report.ts';
export { balancedAccuracy, cohenKappa, confusionMatrix } from './confusion-matrix.ts';
export { type Entity, getEntities } from './entities.ts';
export { type EntityReport, entityReport } from './entity-report.ts';
export { type McNemarTest, mcnemar } from './mcnemar.ts';
export { decideLabels, type LabelMatrix, type MultilabelReport, multilabelReport } from './multilabel.ts';
export { type PairedBootstrap, type PairedBootstrapOptions, pairedBootstrap } from './paired-bootstrap.ts';
export { porterStem } from './porter.ts';
export type { ClassScores, PrecisionRecallF1 } from './precision-recall.ts';
export type { ClassValues } from './probabilities.ts';
export {
  type ByQuery,
  type RetrievalReport,
  type RetrievalScoreName,
  type RetrievalScores,
  retrievalReport,
} from './retrieval.ts';
export { meanRouge, type RougeOptions, type RougeScore, type RougeScores, rouge } from './rouge.ts';
export { droppedLetters, type RougeTokenizer, rougeTokenizers } from './rouge-tokens.ts';
export { answerF1, exactMatch, normalizeAnswer, type SquadScores, squadScores } from './squad.ts';
export { type AnsweredQuestion, type SquadV2Scores, squadV2Scores } from './squad-v2.ts';
export type { TagScheme } from './tag-schemes.ts';
export { temperatureScaling } from './temperature.ts';
export { corpusTer, type TerScore } from './ter.ts';
export type { References } from './translation-corpus.ts';
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
