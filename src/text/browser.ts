/** The exports that work in a browser too: nothing here touches files. */
export {
  byteLevelDefinition,
  type TokenizerConfig,
  type TokenizerDefinition,
  wordPieceDefinition,
} from './definitions.ts';
export type { TokenSpans } from './offsets.ts';
export type { Encoding } from './template.ts';
export { type LocatedTokens, type PairEncoding, Tokenizer } from './tokenizer.ts';
