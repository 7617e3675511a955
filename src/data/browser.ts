/** What works in a browser too: nothing here touches files. */
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
