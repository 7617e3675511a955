export * from './browser.ts';
export { type Loaded, loadClassifier, loadEncoder, loadQuestionAnswering } from './load.ts';
export { SharedWeights } from './shared-weights.ts';
