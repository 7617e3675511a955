/** The parts that work in a browser too: nothing here touches files. */
export { type Answer, decodeAnswers, nullScoreDiff, type SpanOptions, type WindowLogits } from './answers.ts';
export {
  type BatchOptions,
  type BatchOrder,
  type BatchSize,
  batchOrders,
  chunks,
  cutBatches,
  epochBatches,
} from './batches.ts';
export { balancedClassWeights } from './class-weights.ts';
export {
  type DatasetName,
  isDrawn,
  type KnownDataset,
  type KnownExamples,
  knownDataset,
  knownDatasets,
  taskNamed,
} from './datasets.ts';
export { type EncodedExample, encodeExamples, tokenCount } from './encode.ts';
export type { Dataset, Example } from './examples.ts';
export type { ProblemChoice } from './labels.ts';
export {
  type EmbeddingDataset,
  type EmbeddingExample,
  type EmbeddingOptions,
  readEmbeddingExamples,
  readRetrieval,
} from './read-embedding-examples.ts';
export {
  type ExampleOptions,
  readExamples,
  type StreamOptions,
  streamExamples,
  streamRows,
  type TableRow,
  type TextOptions,
} from './read-examples.ts';
export { type QuestionDataset, readQuestions } from './read-questions.ts';
export { readTaggedWords, type TagDataset, type TaggedWords, type TagOptions } from './read-tags.ts';
export { readTextPairs, type TextPair, type TextPairOptions } from './read-text-pairs.ts';
export { type RetrievalSet, relevantPairs } from './retrieval-set.ts';
export type { Column, Data, MemoryRows, Part, Row, Rows, Source, SourceSettings, Split } from './source.ts';
export { rowsOf, sourceOf } from './source-of.ts';
export { joinWords, type PlacedWord, splitWords } from './split-words.ts';
export { type StratifiedSplit, type StratifyOptions, stratifiedFolds, stratifiedSplit } from './stratified.ts';
export { type StreamWordsOptions, streamWordRows, streamWords, type WordsRow } from './stream-words.ts';
export {
  type AnsweredWindow,
  answeredWindows,
  findAnswer,
  type Question,
  questionWindows,
  type Window,
  type WindowOptions,
} from './windows.ts';
export { type WordWindow, wordWindows } from './word-windows.ts';
