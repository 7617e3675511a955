export { type AdapterAccount, accountFor, byModule, type Counted } from './accounting.ts';
export * from './browser.ts';
export { readStoppedRun } from './checkpoint.ts';
export { type ChosenSettings, choicesOf, chosenSettings } from './choices.ts';
export {
  type Conversion,
  type ConversionTarget,
  type ConvertOptions,
  conversionTargets,
  convertAdapter,
  openAdapter,
  type WriteAdapterOptions,
  writeAdapter,
} from './convert.ts';
export { defaultMaxLength } from './default-length.ts';
export { defaultOutput } from './default-output.ts';
export { type EvaluationResult, evaluateRun } from './evaluate-run.ts';
export type { ForeignOptions, OpenedAdapter } from './foreign.ts';
export { fusedAdapters, namedRun } from './fuse.ts';
export { type LoadedRun, type LoadRunOptions, loadRun } from './load-run.ts';
export { type LoopEvents, type Progress, type StepProgress, trainingMetrics, trainLoop } from './loop.ts';
export {
  type CreateModel,
  type LoadPartsOptions,
  loadParts,
  type ModelParts,
  ownAdapter,
  TaskModel,
} from './model.ts';
export { tokenizerOf } from './model-tokenizer.ts';
export { dataOf, flatSettings, nestedSettings } from './nested.ts';
export type { PruneModelOptions } from './prune-model.ts';
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
  type PreparedRun,
  type PrepareEvents,
  prepareRun,
  type RunEvents,
  type RunOptions,
  type RunResult,
  runTraining,
} from './run.ts';
export { RunCache } from './run-cache.ts';
export { type EncodedData, encodeRunData, type RunData, readRunData } from './run-data.ts';
export {
  adapterFile,
  countedIn,
  hasCheckpoint,
  isFinishedRun,
  openRunFolder,
  readRunConfig,
  readRunMetrics,
  runFileSizes,
  storedCounts,
  untrainedMetrics,
  WEIGHTS,
} from './run-folder.ts';
export { type RunRecord, readRun } from './run-record.ts';
export { modelSettings } from './run-settings.ts';
export {
  builtAdapter,
  type ClassificationData,
  type DataSettings,
  type FusedAdapter,
  fetchData,
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
export { type GivenSettings, settingGroups, settingTable } from './settings-table.ts';
export { classification, questionAnswering, taskOf, textGeneration } from './tasks/index.ts';
export { Trainable } from './trainable.ts';
