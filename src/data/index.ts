export * from './browser.ts';
export { readLines } from './files.ts';
export {
  type GlueTask,
  type GlueTaskName,
  glueTasks,
  type ReadGlueOptions,
  readGlue,
  readHubGlue,
  type Split,
} from './glue.ts';
export { datasetFiles, type FetchDatasetOptions, fetchDataset } from './hub-dataset.ts';
export type { LabelKind } from './labels.ts';
export { type ParquetOptions, type ParquetRow, readParquet } from './parquet.ts';
export { isTable } from './rows.ts';
export { type DatasetSplits, splitsOf } from './splits.ts';
export { type QuestionDataset, readSquad, readSquadTable, squadFile } from './squad.ts';
export { readTable, type StreamTableOptions, streamTable, type TableOptions } from './table.ts';
export { readTextPairs, type TextPair } from './text-pairs.ts';
export { readWordnetFields, type WordnetField, type WordnetOptions, wordnetFields } from './wordnet.ts';
export { xsumColumns, xsumFile } from './xsum.ts';
