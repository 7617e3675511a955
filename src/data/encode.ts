import type { Tokenizer } from '../text/index.ts';
import type { Example } from './examples.ts';

/** The token ids of an example. */
export interface EncodedExample {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
  readonly label?: number;
}

/** @param maxLength the largest number of ids of an example, special tokens included */
export function encodeExamples(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  maxLength: number,
): EncodedExample[] {
  return examples.map(({ text, pair, label }) => ({ ...tokenizer.encode(text, pair, { maxLength }), label }));
}

/** The number of tokens of an example. */
export const tokenCount = ({ ids }: EncodedExample): number => ids.length;
