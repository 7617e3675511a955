import type { Tokenizer } from '../text/index.ts';

/** The tokens of a text as it is, and how many of them are read at most. */
export interface TextLength {
  readonly tokens: number;
  readonly most: number;
}

/** A token has a byte at least, and a UTF-16 unit three bytes at most. */
const TOKENS_PER_UNIT = 3;
const SPECIAL_TOKENS = 8;

/** The length of a text, or of a pair of texts; 0 where it is so short that nothing is cut off. */
export function textLength(tokenizer: Tokenizer, text: string, pair: string | undefined, most: number): TextLength {
  const units = text.length + (pair?.length ?? 0);
  if (TOKENS_PER_UNIT * units + SPECIAL_TOKENS <= most) return { tokens: 0, most };
  return { tokens: tokenizer.encode(text, pair).ids.length, most };
}
