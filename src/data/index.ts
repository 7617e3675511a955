export * from './browser.ts';
export { readLines } from './files.ts';
export { type GlueTask, type GlueTaskName, glueTasks, readGlue, readHubGlue, type Split } from './glue.ts';
export { datasetFiles, type FetchDatasetOptions, fetchDataset } from './hub-dataset.ts';
export { type ParquetRow, readParquet } from './parquet.ts';
export { type DatasetSplits, splitsOf } from './splits.ts';
export { isFolder, type QuestionDataset, readSquad, squadFile } from './squad.ts';
export { readTable, type TableOptions } from './table.ts';
export { readWordnetFields, type WordnetField, type WordnetOptions, wordnetFields } from './wordnet.ts';
