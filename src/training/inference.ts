/** What answers with a trained model, for a page that does nothing else. */
export { answerQuestions } from './tasks/question-answering.ts';
export { type Prediction, predict, type TokenExample } from './tasks/text-classification.ts';
export { encodePairs, type WriteOptions, type WrittenText, writeTexts } from './tasks/text2text-generation.ts';
export {
  type FindOptions,
  findEntities,
  type LabelledSpan,
  type LabelledTokens,
  labelWords,
  type WordLabel,
  type WordsInput,
} from './tasks/token-classification.ts';
