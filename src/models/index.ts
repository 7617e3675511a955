export * from './browser.ts';
export type { HeadUse, PoolerPlace } from './head-choice.ts';
export {
  type LoadClassifierOptions,
  type Loaded,
  loadClassifier,
  loadEncoder,
  loadQuestionAnswering,
  loadSeq2Seq,
} from './load.ts';
export { SharedWeights } from './shared-weights.ts';
