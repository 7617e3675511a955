export { type AdapterAccount, accountFor, byModule, type Counted } from './accounting.ts';
export * from './browser.ts';
export {
  type Conversion,
  type ConversionTarget,
  type ConvertOptions,
  conversionTargets,
  convertAdapter,
  openAdapter,
} from './convert.ts';
export { defaultMaxLength } from './default-length.ts';
export { type EvaluationResult, evaluateRun } from './evaluate-run.ts';
export type { ForeignOptions, OpenedAdapter } from './foreign.ts';
export { fusedAdapters } from './fuse.ts';
export { tokenizerOf } from './model-tokenizer.ts';
export {
  type AdaptedModel,
  buildModel,
  ownAdapter,
  type PreparedRun,
  type PrepareEvents,
  prepareRun,
  pruneAdapter,
  readRunData,
  runRandom,
} from './prepare.ts';
export { type PruningResult, runPruning } from './prune-run.ts';
export {
  type AdapterPruneReport,
  type CheckpointHeader,
  pruneReport,
  type RunConfig,
  type RunMetrics,
  runMetrics,
  type ScoredStep,
} from './records.ts';
export {
  checkpointSeconds,
  type RunEvents,
  type RunOptions,
  type RunResult,
  runTraining,
  type StepProgress,
} from './run.ts';
export { RunCache } from './run-cache.ts';
export {
  adapterFile,
  hasCheckpoint,
  isFinishedRun,
  type LoadedRun,
  loadRun,
  openRunFolder,
  readRunConfig,
  readRunMetrics,
  readStoppedRun,
  runFileSizes,
  storedCounts,
  WEIGHTS,
} from './run-folder.ts';
export { type RunRecord, readRun } from './run-record.ts';
export {
  builtAdapter,
  type ClassificationData,
  type DataSettings,
  datasetName,
  type FusedAdapter,
  fetchData,
  type HubDataset,
  isHubGlue,
  isUnknown,
  type PruningSettings,
  pruningDefaults,
  type QuestionData,
  type RunSettings,
  runDefaults,
  type TextGenerationData,
  textDefaults,
  textsOf,
  type UnknownQuestions,
  type UnknownTexts,
  withAllOptions,
} from './settings.ts';
export { givenSettings } from './settings-schema.ts';
export { classification, questionAnswering, taskOf, textGeneration } from './tasks/index.ts';
