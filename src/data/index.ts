export * from './browser.ts';
export {
  type DatasetName,
  isDrawn,
  type KnownDataset,
  type KnownExamples,
  knownDataset,
  knownDatasets,
  taskNamed,
} from './datasets.ts';
export { readLines } from './files.ts';
export { datasetFiles, type FetchDatasetOptions, fetchDataset } from './hub-dataset.ts';
export type { LabelKind } from './labels.ts';
export { type ParquetOptions, type ParquetRow, readParquet } from './parquet.ts';
export {
  type ExampleOptions,
  readExamples,
  type StreamOptions,
  streamExamples,
  type TextOptions,
} from './read-examples.ts';
export { type QuestionDataset, readQuestions } from './read-questions.ts';
export { readTextPairs, type TextPair, type TextPairOptions } from './read-text-pairs.ts';
export { columnSettings, path, sourceSettings, wordnetSettings } from './settings.ts';
export type { Column, Data, MemoryRows, Part, Row, Rows, Source, SourceSettings, Split } from './source.ts';
export { rowsOf, sourceOf } from './source-of.ts';
export { type GlueTaskName, glueTasks, isGlueTask } from './sources/glue-folder.ts';
export { datasetTitle, type HubDataset } from './sources/hub.ts';
export { squadFile } from './sources/squad-files.ts';
export { type WordnetField, type WordnetOptions, wordnetFields, wordnetSource } from './sources/wordnet.ts';
export { xsumFile } from './sources/xsum-folder.ts';
export { type DatasetSplits, splitsOf } from './splits.ts';
export { isTable } from './table-formats.ts';
