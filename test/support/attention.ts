import type { AttentionSpec } from '../../src/index.ts';

/** Attention of sequences to themselves: each row is a query, the first `keyCounts[s]` rows of sequence s are its keys. */
export function selfAttention({
  offsets,
  keyCounts,
  ...rest
}: Pick<AttentionSpec, 'heads' | 'scale' | 'dropout'> & {
  readonly offsets: readonly number[];
  readonly keyCounts: readonly number[];
}): AttentionSpec {
  const rows = Int32Array.from(offsets);
  return { ...rest, queryOffsets: rows, keyOffsets: rows, keyCounts: Int32Array.from(keyCounts), causal: false };
}
