export * from './browser.ts';
export type { HeadUse, PoolerPlace } from './head-choice.ts';
export {
  type Loaded,
  loadClassifier,
  loadEncoder,
  loadModel,
  loadQuestionAnswering,
  loadSeq2Seq,
} from './load.ts';
export { SharedWeights } from './shared-weights.ts';
