/** A text, or a pair, as a model reads it: special tokens included, no padding. All lists have an entry for each token. */
export interface Encoding {
  readonly ids: number[];
  /** Token types (segments). */
  readonly typeIds: number[];
  /**
   * The place of each token in its text, `text.slice(start, end)` in UTF-16 code units, white space around it left out; [0, 0]
   * for the special tokens of the model. Where the input was a list of words, the place in its word.
   */
  readonly offsets: readonly (readonly [start: number, end: number])[];
  /** 1 for the special tokens that the model has around texts, 0 for others. */
  readonly specialTokensMask: number[];
  /** The number of the word (as the tokenizer cuts it, or in the list of words) in its text; null for special tokens. */
  readonly wordIds: (number | null)[];
  /** 0 for tokens of the first text, 1 for those of the second, null for special tokens. */
  readonly sequenceIds: (0 | 1 | null)[];
  /** The other windows on texts that were too long, where they were asked for; these have no others. */
  readonly overflowing: readonly Encoding[];
}

/** A text as tokens, without special ones around it. */
export interface TokenizedText {
  readonly ids: number[];
  /** The places of the tokens in the text, as in {@link Encoding}. */
  readonly offsets: (readonly [start: number, end: number])[];
  readonly wordIds: number[];
}

/** A part of a list of tokens: those from `from` up to `to`. */
export interface TokenRange {
  readonly from: number;
  readonly to: number;
}

/** What an encoding says of the tokens of a text. */
export interface TokenLists {
  readonly ids: number[];
  readonly offsets: (readonly [start: number, end: number])[];
  readonly wordIds: (number | null)[];
}

/** Returns lists to be filled: a text may have millions of tokens, and lists that grow are copied again and again. */
export const emptyLists = (length: number) => ({
  ids: new Array<number>(length),
  offsets: new Array<readonly [start: number, end: number]>(length),
  wordIds: new Array<number>(length),
});

/** Tokens of a text that can be put into an encoding. */
export interface TokenSource {
  readonly length: number;
  /** Copies tokens of a range to a place in lists. */
  copyTo(lists: TokenLists, at: number, range: TokenRange): void;
}

/** Tokens that are lists already. */
export const listedTokens = ({ ids, offsets, wordIds }: TokenizedText): TokenSource => ({
  length: ids.length,
  copyTo(lists, at, { from, to }) {
    for (let i = from, place = at; i < to; i++, place++) {
      lists.ids[place] = ids[i];
      lists.offsets[place] = offsets[i];
      lists.wordIds[place] = wordIds[i];
    }
  },
});
