import type { PackedAttentionOptions } from '../../ops/attention.ts';
import type { SchemeColumns } from './key-value-attention.ts';

/** The keys of a sequence as a scheme of positions sees them. */
export interface OwnKeys {
  /** How many an adapter has before those of tokens. They have no column, so no distance. */
  readonly before: number;
  /** The columns of the tokens' keys that are seen. */
  readonly columns: Int32Array;
}

/** The keys of the sequences of a batch. What an adapter has before keys is what there is more of them than columns. */
export function ownKeys(
  { keyOffsets, keyCounts }: Pick<PackedAttentionOptions, 'keyOffsets' | 'keyCounts'>,
  columns: Pick<SchemeColumns, 'keys' | 'keyOffsets'>,
): OwnKeys[] {
  return Array.from(keyCounts, (count, s) => {
    const [start, end] = [columns.keyOffsets[s], columns.keyOffsets[s + 1]];
    const before = keyOffsets[s + 1] - keyOffsets[s] - (end - start);
    return { before, columns: columns.keys.subarray(start, start + count - before) };
  });
}
