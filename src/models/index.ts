export * from './browser.ts';
export { type Loaded, loadClassifier, loadEncoder, loadQuestionAnswering, loadSeq2Seq } from './load.ts';
