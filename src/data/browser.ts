/** What works in a browser too: nothing here touches files. */
export { type Answer, type DecodeOptions, decodeAnswers, decodeDefaults, type WindowLogits } from './answers.ts';
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
export {
  type AnsweredWindow,
  answeredWindows,
  findAnswer,
  type Question,
  questionWindows,
  type Window,
  type WindowOptions,
  windowDefaults,
} from './windows.ts';
