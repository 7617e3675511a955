import { indexSelect } from '../ops/gather.ts';
import type { KeysAndValues } from './attachments.ts';
import type { PackedBatch } from './batch.ts';
import type { Queries } from './parts/key-value-attention.ts';

/** The keys and values of their own side that the rows of a decoder see. */
export interface CausalKeys {
  readonly queries: Queries;
  /** [key rows] the column of each key in its sequence. */
  readonly columns: Int32Array;
  /** Keys and values of all rows -> those that the queries see. */
  readonly select: (offered: KeysAndValues) => KeysAndValues;
}

/** Each row sees those before it in its sequence and itself, of them only such as are attended to. */
export function causalKeys(batch: PackedBatch): CausalKeys {
  const { offsets, keyCounts, columns } = batch;
  const isWhole = keyCounts.every((keys, s) => keys === offsets[s + 1] - offsets[s]);
  if (!isWhole) return ownKeysPerRow(batch);
  return { queries: { queryOffsets: offsets, causal: true }, columns, select: (offered) => offered };
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
    columns: order.map((row) => columns[row]),
    select: ({ key, value }) => ({
      key: indexSelect(key, order),
      value: indexSelect(value, order),
      offsets: keyOffsets,
      counts: Int32Array.from(keysOf, ({ length }) => length),
    }),
  };
}
