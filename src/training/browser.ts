/** What works in a browser too: nothing here touches files. */
export { type Batch, BatchPlan, type BatchPlanOptions, batchesOf } from './batch-plan.ts';
export {
  classificationLoss,
  classificationObjective,
  evaluate,
  type Prediction,
  predict,
  type TokenExample,
} from './classification.ts';
export { answerLoss, answerQuestions, evaluateAnswers } from './question-answering.ts';
export {
  encodePairs,
  generationSettings,
  pairTokenCount,
  seq2seqLoss,
  type TextLengths,
  type WriteOptions,
  type WrittenText,
  writeTexts,
} from './seq2seq.ts';
export {
  type ColumnSettings,
  type Evaluation,
  type Learner,
  objectiveOf,
  type PredictOptions,
  type Scores,
  type Task,
  type TaskTypes,
} from './task.ts';
export { type Objective, type StepReport, Trainer } from './trainer.ts';
export { type TrainingOptions, trainingOptions } from './training-settings.ts';
