import type { BatchSize } from '../data/batches.ts';
import { InputError } from '../errors.ts';
import { layerSizes, type ModelConfig } from '../models/index.ts';

/** Largest memory of the fast backend in bytes: its addresses have 32 bits. */
const MOST_BYTES = 2 ** 32;

/** The tokens that the smallest batch of this size has at least, whatever its order. */
function fewestTokens(lengths: readonly number[], batchSize: BatchSize): number {
  const sum = (values: readonly number[]) => values.reduce((total, length) => total + length, 0);
  if (typeof batchSize === 'number') return sum([...lengths].sort((a, b) => a - b).slice(0, batchSize));
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  return Math.max(0, Math.min(batchSize.tokens, sum(lengths)) - longest);
}

/** The sequences that the largest batch has at least, of so many examples. */
export const mostSequences = (batchSize: BatchSize, examples: number): number =>
  typeof batchSize === 'number' ? Math.min(batchSize, examples) : 1;

/**
 * Checks a batch size before the first step: what one feed-forward layer computes of a batch must fit into memory.
 *
 * @param lengths tokens of each example
 * @throws InputError naming the option
 */
export function checkBatchSize(lengths: readonly number[], batchSize: BatchSize, config: ModelConfig): void {
  const { inner } = layerSizes(config);
  const tokens = fewestTokens(lengths, batchSize);
  const bytes = Float32Array.BYTES_PER_ELEMENT * tokens * inner;
  if (bytes <= MOST_BYTES) return;
  const option = typeof batchSize === 'number' ? `batch size ${batchSize}` : `batch tokens ${batchSize.tokens}`;
  throw new InputError(
    `${option}: a batch of ${tokens} tokens needs ${(bytes / 2 ** 30).toFixed(1)} GiB for each layer, and there are 4.0; lower it.`,
  );
}
