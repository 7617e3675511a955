import { gatherRows } from '../ops/gather.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Reach } from './bart.ts';
import type { PackedBatch } from './batch.ts';

/** What the rows of a decoder see of their own side: which rows serve as keys, and who sees which of them. */
export interface CausalKeys {
  readonly reach: Reach;
  /** The keys, or values, of all rows -> those that `reach` speaks of. */
  readonly select: (rows: Tensor) => Tensor;
}

/** Each row sees those before it in its sequence and itself, of them only such as are attended to. */
export function causalKeys(batch: PackedBatch): CausalKeys {
  const { offsets, keyCounts } = batch;
  if (keyCounts.every((keys, s) => keys === offsets[s + 1] - offsets[s])) {
    return {
      reach: { queryOffsets: offsets, keyOffsets: offsets, keyCounts, causal: true },
      select: (rows) => rows,
    };
  }
  return ownKeysPerRow(batch);
}

/** With a mask in its middle a sequence cannot be told by counts: then each row brings copies of its keys. */
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
    reach: {
      queryOffsets: Int32Array.from({ length: keysOf.length + 1 }, (_, row) => row),
      keyOffsets,
      keyCounts: Int32Array.from(keysOf, ({ length }) => length),
      causal: false,
    },
    select: (rows) => gatherRows(rows, order),
  };
}
