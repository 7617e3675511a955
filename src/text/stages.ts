/** The stages that a text passes on its way to ids, and ids on their way back, as functions. */
import type { AlignedText } from './aligned-text.ts';
import type { TokenList } from './token-list.ts';

/** Changes the characters of a text, as by lower case or by removing accents. */
export type Normalizer = (text: AlignedText) => AlignedText;

/** Cuts a text into the pieces (words) that a model turns into tokens. Empty ones may be among them, and are dropped. */
export type PreTokenizer = (text: AlignedText) => readonly AlignedText[];

/** Cuts a word, which is never empty, into tokens of a vocabulary. */
export interface TokenModel {
  /** Adds the tokens of a word to a list, with their places in it: `word.slice(start, end)`, in UTF-16 code units. */
  tokenize(word: string, tokens: TokenList): void;
  /** Returns undefined for a token that the vocabulary lacks. */
  idOf(token: string): number | undefined;
  tokenOf(id: number): string | undefined;
  /** The tokens by their ids. */
  readonly vocabulary: Iterable<readonly [token: string, id: number]>;
  /** The number of tokens. */
  readonly size: number;
}

/** A step from tokens back to text; what comes out is joined in the end. */
export type Decoder = (tokens: readonly string[]) => readonly string[];
