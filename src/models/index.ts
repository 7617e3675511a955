export * from './browser.ts';
export {
  type HoldOptions,
  type Loaded,
  loadClassifier,
  loadEncoder,
  loadModel,
  loadQuestionAnswering,
  loadSeq2Seq,
} from './load.ts';
export { SharedWeights } from './shared-weights.ts';
