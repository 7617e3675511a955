import './sources/index.ts';

export * from './browser.ts';
export { readLines } from './files.ts';
export { datasetFiles, type FetchDatasetOptions, fetchDataset } from './hub-dataset.ts';
export { isSeparable } from './label-cells.ts';
export { type ParquetOptions, type ParquetRow, readParquet } from './parquet.ts';
export { type ChoiceExample, type ChoiceOptions, readChoices } from './read-choices.ts';
export { checkRowFile, openRowFile, type RowFile, type RowValues, rowFormats } from './row-file.ts';
export { columnSettings, heldOutSettings, path, sourceSettings, tableSettings, wordnetSettings } from './settings.ts';
export { isConll } from './sources/conll-files.ts';
export { type GlueTaskName, glueTasks, isGlueTask } from './sources/glue-layouts.ts';
export { datasetTitle, type HubDataset } from './sources/hub.ts';
export { squadFile } from './sources/squad-files.ts';
export { type WordnetField, type WordnetOptions, wordnetFields, wordnetSource } from './sources/wordnet.ts';
export { xsumFile } from './sources/xsum-folder.ts';
export { type DatasetSplits, splitsOf } from './splits.ts';
export { tableColumns } from './table-columns.ts';
export { isTable } from './table-formats.ts';
