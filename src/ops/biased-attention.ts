import type { Tensor } from '../tensor/tensor.ts';
import { checkAttention, type PackedAttentionOptions, perSequence } from './attention.ts';
import { rowBlocks } from './row-blocks.ts';

/**
 * `packedAttention` with a bias that is added to the scores, such as one that tells positions. It is no operation of its own, and has
 * the derivatives of those that it is made of.
 *
 * @param biasOf of a sequence, [heads, queries, keys] or what broadcasts to it; -1e30 hides a key
 * @throws ArgumentError as `packedAttention`, and for a bias of another shape
 */
export function biasedAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: Omit<PackedAttentionOptions, 'causal'>,
  biasOf: (sequence: number) => Tensor | undefined,
): Tensor {
  const { scale = 1 / Math.sqrt(query.shape[1] / options.heads) } = options;
  const spec = { ...options, scale, causal: false };
  checkAttention(query, key, value, spec);
  return perSequence(query, key, value, spec, biasOf, rowBlocks);
}
