export {
  classificationLoss,
  classificationObjective,
  evaluate,
  type Prediction,
  predict,
} from './classification.ts';
export { type AdaptedModel, buildModel, type Datasets, pruneAdapter, readDatasets, runRandom } from './prepare.ts';
export { type RunEvents, type RunOptions, type RunResult, runTraining, type StepProgress } from './run.ts';
export {
  adapterFile,
  hasCheckpoint,
  isFinishedRun,
  type LoadedRun,
  loadRun,
  type RunConfig,
  type RunMetrics,
  readCheckpointSettings,
  readRunConfig,
} from './run-folder.ts';
export type { DataSettings, PruningSettings, RunSettings } from './settings.ts';
export { type Objective, type StepReport, Trainer, type TrainingOptions, trainingDefaults } from './trainer.ts';
