/** What works in a browser too: nothing here touches files. */
export {
  classificationLoss,
  classificationObjective,
  evaluate,
  type Prediction,
  type PredictOptions,
  predict,
} from './classification.ts';
export { type Objective, type StepReport, Trainer, type TrainingOptions, trainingDefaults } from './trainer.ts';
