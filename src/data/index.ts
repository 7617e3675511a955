export * from './browser.ts';
export { readLines } from './files.ts';
export { type GlueTask, type GlueTaskName, glueTasks, readGlue, type Split } from './glue.ts';
export { isFolder, type QuestionDataset, readSquad, squadFile } from './squad.ts';
export { readTable, type TableOptions } from './table.ts';
export { readTextPairs, type TextPair } from './text-pairs.ts';
export { readWordnetFields, type WordnetField, type WordnetOptions, wordnetFields } from './wordnet.ts';
export { xsumColumns, xsumFile } from './xsum.ts';
