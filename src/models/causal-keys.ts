import { indexSelect } from '../ops/gather.ts';
import type { KeysAndValues } from './attachments.ts';
import type { Queries } from './bart.ts';
import type { PackedBatch } from './batch.ts';

/** The keys and values of their own side that the rows of a decoder see. */
export interface CausalKeys {
  readonly queries: Queries;
  /** Keys and values of all rows -> those that the queries see. */
  readonly select: (offered: KeysAndValues) => KeysAndValues;
}

/** Each row sees those before it in its sequence and itself, of them only such as are attended to. */
export function causalKeys(batch: PackedBatch): CausalKeys {
  const { offsets, keyCounts } = batch;
  const isWhole = keyCounts.every((keys, s) => keys === offsets[s + 1] - offsets[s]);
  if (!isWhole) return ownKeysPerRow(batch);
  return { queries: { queryOffsets: offsets, causal: true }, select: (offered) => offered };
}

/** With a mask in its middle a sequence cannot be described by counts: then each row is a sequence with copies of its keys. */
function ownKeysPerRow({ offsets, keyCounts, columns }: PackedBatch): CausalKeys {
  const keysOf = Array.from(keyCounts, (keys, s) => {
    const attended = Array.from({ length: keys }, (_, i) => offsets[s] + i);
    return Array.from(columns.subarray(offsets[s], offsets[s + 1]), (column) =>
      attended.filter((row) => columns[row] <= column),
    );
  }).flat();
  const keyOffsets = new Int32Array(keysOf.length + 1);
  keysOf.forEach(({ length }, row) => {
    keyOffsets[row + 1] = keyOffsets[row] + length;
  });
  const order = Int32Array.from(keysOf.flat());
  return {
    queries: { queryOffsets: Int32Array.from({ length: keysOf.length + 1 }, (_, row) => row), causal: false },
    select: ({ key, value }) => ({
      key: indexSelect(key, order),
      value: indexSelect(value, order),
      offsets: keyOffsets,
      counts: Int32Array.from(keysOf, ({ length }) => length),
    }),
  };
}
