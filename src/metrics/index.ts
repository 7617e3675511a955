export { type BleuOptions, type BleuScore, corpusBleu, type SmoothMethod, sentenceBleu } from './bleu.ts';
export { type BleuTokenizer, bleuTokenizers } from './bleu-tokenizers.ts';
export {
  brierScore,
  type Calibration,
  type CalibrationBin,
  calibration,
  labelCalibration,
  negativeLogLikelihood,
} from './calibration.ts';
export { type ChrfOptions, type ChrfScore, corpusChrf, sentenceChrf } from './chrf.ts';
export { accuracy, f1, macroF1, matthews } from './classification.ts';
export { type ClassificationReport, classificationReport } from './classification-report.ts';
export { balancedAccuracy, cohenKappa, confusionMatrix } from './confusion-matrix.ts';
export { pearson, spearman } from './correlation.ts';
export { type Entity, getEntities } from './entities.ts';
export { type EntityReport, entityReport } from './entity-report.ts';
export { type EntityTags, entityTags, type TaggingScoreName, taggedEntities } from './entity-tags.ts';
export { type McNemarTest, mcnemar } from './mcnemar.ts';
export {
  decideLabels,
  type LabelMatrix,
  type MultilabelReport,
  type MultilabelScoreName,
  multilabelReport,
  multilabelScores,
} from './multilabel.ts';
export { computeMetrics, type MetricName } from './named.ts';
export { type PairedBootstrap, type PairedBootstrapOptions, pairedBootstrap } from './paired-bootstrap.ts';
export { porterStem } from './porter.ts';
export type { ClassScores, PrecisionRecallF1 } from './precision-recall.ts';
export type { ClassValues } from './probabilities.ts';
export { type RegressionReport, regressionReport } from './regression.ts';
export {
  type ByQuery,
  type RetrievalReport,
  type RetrievalScoreName,
  type RetrievalScores,
  retrievalReport,
} from './retrieval.ts';
export { meanRouge, type RougeOptions, type RougeScore, type RougeScores, rouge } from './rouge.ts';
export { droppedLetters, type RougeTokenizer, rougeTokenizers } from './rouge-letters.ts';
export { scoreNames } from './score-names.ts';
export { answerF1, exactMatch, normalizeAnswer, type SquadScores, squadScores } from './squad.ts';
export { type AnsweredQuestion, type SquadV2Scores, squadV2Scores } from './squad-v2.ts';
export type { TagScheme } from './tag-schemes.ts';
export { taggingScores } from './tagging-scores.ts';
export { temperatureScaling } from './temperature.ts';
export { corpusTer, type TerScore } from './ter.ts';
export type { References } from './translation-corpus.ts';
