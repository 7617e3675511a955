/** The exports that work in a browser too: nothing here touches files. */

export { architectureOf, encoderAt, findArchitecture, headsOf } from './architectures.ts';
export {
  type AttachmentPoint,
  type AttachmentPoints,
  AttentionPoint,
  type AttentionSite,
  EmbeddingPoint,
  type KeysAndValues,
  type LookUp,
  layersOf,
  PositionPoint,
  type Projection,
  ProjectionPoint,
  type Prompt,
  PromptPoint,
  ResidualPoint,
  type Sublayer,
  type Transform,
} from './attachments.ts';
export { holdBackbone } from './backbone-dtype.ts';
export {
  type PackedBatch,
  type PaddedBatch,
  type PositionRule,
  packPadded,
  packSequences,
  type TokenIds,
  type TokenSequence,
} from './batch.ts';
export { type HeadKind, headOfClass, headTitles, type StatedClass, seq2SeqClasses } from './checkpoint-class.ts';
export { type HeadOptions, SequenceClassifier } from './classifier.ts';
export { type EncoderConfig, parseEncoderConfig } from './config.ts';
export { unknownFields } from './config-table.ts';
export { cosineSimilarities, cosineSimilarityLoss } from './cosine-similarity.ts';
export { type AnyAnswerer, type AnyClassifier, anyAnswererRecipe, anyClassifierRecipe } from './either-recipe.ts';
export { type EmbedOptions, embed } from './embed.ts';
export { Encoder } from './encoder.ts';
export type { EncoderDecoder } from './encoder-decoder.ts';
export type { EncoderDecoderConfig } from './encoder-decoder-config.ts';
export {
  addEncoderDecoder,
  isEncoderDecoderType,
  parseEncoderDecoderConfig,
  seq2SeqTitles,
} from './encoder-decoders.ts';
export type { ProblemType } from './encoder-schema.ts';
export type { ScoredText } from './generation/beam-search.ts';
export { type GenerationOptions, generate } from './generation/generate.ts';
export { generationFrom, generationOptions, numReturnSequences } from './generation/options.ts';
export {
  checkGenerationSettings,
  type GenerationSettings,
  parseGenerationSettings,
  partialGeneration,
  type Sampling,
} from './generation/settings.ts';
export type { HeadUse, PoolerPlace } from './head-choice.ts';
export {
  clsPooling,
  type HeadLayer,
  isHeadParameter,
  isOfPooler,
  isPoolerWeight,
  meanPooling,
  type Pooling,
} from './heads.ts';
export type { LayeredHead } from './layered-head.ts';
export { loadArchitectures } from './load-architectures.ts';
export { loadEncoderDecoders } from './load-encoder-decoders.ts';
export {
  isEncoderDecoder,
  type LayerWidths,
  layerSizes,
  longestSequence,
  type ModelConfig,
  modelWidth,
  parseModelConfig,
} from './model-config.ts';
export { isTokenTable } from './more-tokens.ts';
export type { LayerNames } from './parts/post-norm-layer.ts';
export { Pass } from './pass.ts';
export { type AnswerSpans, QuestionAnsweringModel } from './question-answering.ts';
export {
  type Configs,
  classifierRecipe,
  encoderRecipe,
  type LoadClassifierOptions,
  questionAnsweringRecipe,
  type Recipe,
  sentenceEncoderRecipe,
  seq2SeqRecipe,
  tokenClassificationRecipe,
} from './recipe.ts';
export { SentenceEncoder } from './sentence-encoder.ts';
export { type PackedPairs, Seq2SeqModel, type SequencePair, shiftRight } from './seq2seq.ts';
export { TokenClassificationModel, UNLABELLED_TOKEN } from './token-classification.ts';
