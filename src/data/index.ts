export {
  type BatchOptions,
  type BatchOrder,
  type BatchSize,
  batchOrders,
  chunks,
  cutBatches,
  epochBatches,
} from './batches.ts';
export { type EncodedExample, encodeExamples, tokenCount } from './encode.ts';
export type { Dataset, Example } from './examples.ts';
export { readLines } from './files.ts';
export { type GlueTask, type GlueTaskName, glueTasks, readGlue, type Split } from './glue.ts';
export { readTable, type TableOptions } from './table.ts';
export { readWordnetFields, type WordnetField, type WordnetOptions, wordnetFields } from './wordnet.ts';
