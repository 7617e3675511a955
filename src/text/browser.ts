/** The exports that work in a browser too: nothing here touches files. */
export type { TokenizerConfig, TokenizerDefinition } from './definitions.ts';
export type { Encoding, TokenizedText } from './encoding.ts';
export {
  byteLevelDefinition,
  type Languages,
  readTokenizerFiles,
  type SpecialTokens,
  sentencePieceDefinition,
  type TokenizerFileSource,
  type TokenizerFolder,
  type TokenizerSettings,
  wordPieceDefinition,
} from './folder/index.ts';
export { loadTokenizerKinds } from './load-kinds.ts';
export {
  type DecodeOptions,
  type EncodeOptions,
  type TargetStart,
  type TargetTokenizer,
  Tokenizer,
  type TokenizerStages,
} from './tokenizer.ts';
export type { TruncationSide, TruncationStrategy } from './truncation.ts';
