import type { Random } from '../random/index.ts';
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

/** Cuts a list into runs of at most `size`. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** The examples of one epoch in random order, in batches; the last one may be smaller. */
export function shuffledBatches<T>(examples: readonly T[], batchSize: number, random: Random): T[][] {
  return chunks(random.shuffle(examples), batchSize);
}
