/** Exports that also work in a browser: nothing here touches files. */
export { type ContrastiveOptions, contrastiveScores, multipleNegativesRankingLoss } from '../models/contrastive.ts';
export { type Batch, BatchPlan, type BatchPlanOptions, batchesOf } from './batch-plan.ts';
export {
  type ColumnSettings,
  type Evaluation,
  type Judgement,
  type Learner,
  type LossOptions,
  objectiveOf,
  type PredictOptions,
  type Scores,
  type Task,
  type TaskTypes,
} from './task.ts';
export { type EmbeddingItem, embeddingLoss } from './tasks/feature-extraction.ts';
export { answerLoss, answerQuestions, evaluateAnswers } from './tasks/question-answering.ts';
export {
  classificationLoss,
  classificationObjective,
  evaluate,
  evaluateLabels,
  type MultilabelScores,
  type Prediction,
  predict,
  type TokenExample,
} from './tasks/text-classification.ts';
export {
  encodePairs,
  generationSettings,
  pairTokenCount,
  seq2seqLoss,
  type TextLengths,
  type WriteOptions,
  type WrittenText,
  writeTexts,
} from './tasks/text2text-generation.ts';
export {
  evaluateTags,
  type FindOptions,
  findEntities,
  type LabelledSpan,
  type LabelledTokens,
  labelWords,
  tokenClassificationLoss,
  type WordLabel,
  type WordsInput,
} from './tasks/token-classification.ts';
export { type Objective, type StepReport, Trainer } from './trainer.ts';
export { type TrainingOptions, trainingOptions } from './training-settings.ts';
