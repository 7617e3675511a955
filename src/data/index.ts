export * from './browser.ts';
export { readLines } from './files.ts';
export { type GlueTask, type GlueTaskName, glueTasks, readGlue, type Split } from './glue.ts';
export { type ParquetRow, readParquet } from './parquet.ts';
export { readTable, type TableOptions } from './table.ts';
export { readWordnetFields, type WordnetField, type WordnetOptions, wordnetFields } from './wordnet.ts';
