/** The exports that work in a browser too: nothing here touches files. */
export type { TokenizerConfig, TokenizerDefinition } from './definitions.ts';
export {
  byteLevelDefinition,
  readTokenizerFiles,
  type SpecialTokens,
  sentencePieceDefinition,
  type TokenizerFileSource,
  type TokenizerFolder,
  type TokenizerSettings,
  wordPieceDefinition,
} from './folder/index.ts';
export type { TokenSpans } from './offsets.ts';
export type { Encoding } from './template.ts';
export { type LocatedTokens, type PairEncoding, Tokenizer } from './tokenizer.ts';
