/** What works in a browser too: nothing here touches files. */
export {
  type AttachmentPoint,
  type AttachmentPoints,
  AttentionPoint,
  type AttentionSite,
  type KeysAndValues,
  type Projection,
  ProjectionPoint,
  ResidualPoint,
  type Sublayer,
  type Transform,
} from './attachments.ts';
export {
  type PackedBatch,
  type PaddedBatch,
  type PositionRule,
  packPadded,
  packSequences,
  type TokenSequence,
} from './batch.ts';
export { BertModel } from './bert.ts';
export { type ClassifierOptions, SequenceClassifier } from './classifier.ts';
export { type EncoderConfig, longestSequence, parseEncoderConfig } from './config.ts';
export { type EmbedOptions, embed } from './embed.ts';
export { encoderAt } from './encoder.ts';
export { BertPooler, clsPooling, isHeadParameter, meanPooling, type Pooling } from './heads.ts';
export { Pass } from './pass.ts';
export { type AnswerSpans, QuestionAnsweringModel } from './question-answering.ts';
