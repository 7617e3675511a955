export {
  calibrationPart,
  classesPart,
  classParts,
  type EvaluationReport,
  examplesPart,
  numberParts,
  type PageOptions,
  type ReportPart,
  reportPage,
} from '../report/index.ts';
export { type AdapterAccount, byModule, countParameters, type ParameterCount } from './accounting.ts';
export { backboneDtypeOf, backboneWarnings, checkBackbone, holdModel } from './backbone-dtype.ts';
export * from './browser.ts';
export { readStoppedRun } from './checkpoint.ts';
export { type ChosenSettings, choicesOf, chosenSettings, learnableOf, readSettings } from './choices.ts';
export { columnsOf, textsOf } from './columns.ts';
export { commandText } from './command-text.ts';
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
export type { Baseline, DataReport, RowCounts } from './data-report.ts';
export { defaultMaxLength } from './default-length.ts';
export { defaultOutput } from './default-output.ts';
export { type EvaluationResult, evaluateRun } from './evaluate-run.ts';
export { bestChoice, evaluationSettings } from './evaluation-settings.ts';
export type { ExternalOptions, OpenedAdapter } from './external.ts';
export {
  checkFoldsFolder,
  type FoldResult,
  type FoldsEvents,
  type FoldsOptions,
  type FoldsResult,
  runFolds,
} from './folds.ts';
export { isCrossValidation, readFolds } from './folds-record.ts';
export { fusedAdapters, namedRun } from './fuse.ts';
export { keptNotes, keptOf } from './kept-weights.ts';
export { builtAdapter } from './large-sparse.ts';
export { type LoadedRun, type LoadRunOptions, loadRun } from './load-run.ts';
export { type LoopEvents, type Progress, type StepProgress, trainingMetrics, trainLoop } from './loop.ts';
export { type ClassWeights, lossSettings } from './loss-settings.ts';
export { type MergeAdaptersOptions, mergeAdapters } from './merge-adapters.ts';
export {
  type CreateModel,
  type LoadPartsOptions,
  loadParts,
  type ModelParts,
  ownAdapter,
  type SharedParts,
  TaskModel,
} from './model.ts';
export { tokenizerOf } from './model-tokenizer.ts';
export { loadPlugin, type PluginRecord } from './plugins.ts';
export type { PruneModelOptions } from './prune-model.ts';
export { type PruningResult, runPruning } from './prune-run.ts';
export {
  type AdapterChoice,
  type GivenPruning,
  type PruningChoice,
  prunedAs,
  pruningOf,
  unpruned,
} from './pruning-choice.ts';
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
  type InspectOptions,
  inspectRun,
  type PreparedRun,
  type PrepareEvents,
  prepareRun,
  type RunEvents,
  type RunOptions,
  type RunResult,
  runTraining,
} from './run.ts';
export { RunCache } from './run-cache.ts';
export {
  type EncodedData,
  encodeRunData,
  type JudgedPart,
  judgedParts,
  type RunData,
  readRunData,
} from './run-data.ts';
export {
  adapterFile,
  countedIn,
  hasCheckpoint,
  isFinishedRun,
  openRunFolder,
  openUnlessBusy,
  REPORT_PAGE,
  readRunConfig,
  readRunMetrics,
  readRunReport,
  runFileSizes,
  type StoredMatrix,
  storedCounts,
  storedMatrices,
  untrainedMetrics,
  WEIGHTS,
} from './run-folder.ts';
export { type RunRecord, readRun } from './run-record.ts';
export { evaluationReportOf, runPage } from './run-report.ts';
export { eventFolder, modelSettings, type outputSettings } from './run-settings.ts';
export {
  downloadData,
  downloadInputs,
  isExternal,
  located,
  resolveSettings,
  type SourceChoice,
} from './settings.ts';
export {
  defaultOf,
  type FusedAdapter,
  type GivenSettings,
  type RunSettings,
  settingGroups,
  settingTable,
  storedSettings,
} from './settings-table.ts';
export {
  classification,
  featureExtraction,
  multipleChoice,
  questionAnswering,
  registerTask,
  type TaskName,
  taskOf,
  textGeneration,
  tokenClassification,
  translation,
  usedTask,
} from './tasks/index.ts';
export {
  type ChoicePrediction,
  choiceLoss,
  type EncodedChoices,
  encodeChoices,
  predictChoices,
} from './tasks/multiple-choice.ts';
export { targetLengthOf } from './tasks/text2text-generation.ts';
export { translationColumns } from './tasks/translation.ts';
export { Trainable } from './trainable.ts';
