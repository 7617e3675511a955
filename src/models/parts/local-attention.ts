import { attention, type PackedAttentionOptions, packedAttention, type RowRange } from '../../ops/attention.ts';
import { dropoutMask } from '../../ops/dropout.ts';
import { concat, permute } from '../../ops/layout.ts';
import { reshape } from '../../ops/reduce.ts';
import { rowBlocks } from '../../ops/row-blocks.ts';
import { tensor } from '../../tensor/create.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Columns, Scheme } from './key-value-attention.ts';
import { ownKeys } from './own-keys.ts';

/** Added to a score it leaves a probability of exactly 0. */
const HIDDEN = -1e30;

/** The fewest queries that are computed together. */
const FEWEST = 32;

/**
 * A scheme where a query sees the keys that are at most `reach` columns away (Beltagy et al., 2020), and those that an adapter has before
 * them. Long sequences are computed in blocks of queries, each with the keys near it, so that memory grows with the length and not with its
 * square.
 */
export const localAttention =
  (reach: number): Scheme =>
  (query, key, value, options, columns) => {
    const { queryOffsets, keyOffsets } = options;
    const sequences = ownKeys(options, columns).map(({ before, columns: keys }, s) => ({
      start: queryOffsets[s],
      keyStart: keyOffsets[s],
      keyRows: keyOffsets[s + 1] - keyOffsets[s],
      before,
      queries: columns.queries.subarray(queryOffsets[s], queryOffsets[s + 1]),
      keys,
    }));
    if (sequences.every((sequence) => seesAll(sequence, reach))) return packedAttention(query, key, value, options);
    // What is computed of a sequence depends on it alone, so that its numbers do not change with the batch.
    const blocks = sequences.flatMap((sequence): Block[] => {
      const { start, keyStart, keyRows, before, queries, keys } = sequence;
      const rows = queries.length;
      if (seesAll(sequence, reach)) {
        const [queryOffsets, keyOffsets] = [Int32Array.of(0, rows), Int32Array.of(0, keyRows)];
        const dropout = dropoutFrom(options, start);
        const own = { ...options, queryOffsets, keyOffsets, keyCounts: Int32Array.of(before + keys.length), dropout };
        return [
          {
            queries: [start, start + rows],
            keys: [[keyStart, keyStart + keyRows]],
            contextOf: (q, k, v) => packedAttention(q, k, v, own),
          },
        ];
      }
      const size = Math.max(2 * reach, FEWEST);
      return Array.from({ length: Math.ceil(rows / size) }, (_, i): Block => {
        const [from, to] = [i * size, Math.min((i + 1) * size, rows)];
        const near = { queries: queries.subarray(from, to), keys };
        const [first, last] = keysNear(near, reach);
        const mask = maskOf({ ...near, keys: keys.subarray(first, last) }, before, reach); // [queries, keys]
        const ofTokens = keyStart + before;
        const own = { ...options, dropout: dropoutFrom(options, start + from) };
        return {
          queries: [start + from, start + to],
          keys: [...(before === 0 ? [] : [[keyStart, ofTokens] as const]), [ofTokens + first, ofTokens + last]],
          contextOf: (...qkv) => blockContext(qkv, mask, own),
        };
      });
    });
    const queries = rowBlocks(
      query,
      blocks.map((block) => block.queries),
    );
    const [keys, values] = [key, value].map((x) => seenBy(blocks, x));
    return concat(
      blocks.map(({ contextOf }, i) => contextOf(queries[i], keys[i], values[i])),
      0,
    );
  };

/** Queries that are computed together. */
interface Block {
  readonly queries: RowRange;
  /** One range after the other. */
  readonly keys: readonly RowRange[];
  /** [queries, inner] */
  readonly contextOf: (query: Tensor, key: Tensor, value: Tensor) => Tensor;
}

/** The keys or values of each block. */
function seenBy(blocks: readonly Block[], x: Tensor): Tensor[] {
  const rows = rowBlocks(
    x,
    blocks.flatMap(({ keys }) => keys),
  );
  let taken = 0;
  return blocks.map(({ keys }) => {
    const own = rows.slice(taken, taken + keys.length);
    taken += keys.length;
    return own.length === 1 ? own[0] : concat(own);
  });
}

/** Dropout of the rows from one on, whose mask is not that of other rows. */
const dropoutFrom = ({ dropout }: PackedAttentionOptions, row: number): PackedAttentionOptions['dropout'] =>
  dropout && { ...dropout, seed: (dropout.seed + Math.imul(row, 0x9e3779b1)) >>> 0 };

/** Whether no query is too far from any key. */
function seesAll({ queries, keys }: Columns, reach: number): boolean {
  let [least, most] = [keys[0], keys[0]];
  for (const columns of [queries, keys]) {
    for (const column of columns) [least, most] = [Math.min(least, column), Math.max(most, column)];
  }
  return most - least <= reach;
}

/** The places of the first key that a block of queries may see, and of the one after the last: at least one key. */
function keysNear({ queries, keys }: Columns, reach: number): readonly [first: number, last: number] {
  const [least, most] = [Math.min(...queries) - reach, Math.max(...queries) + reach];
  const first = keys.findIndex((column) => column >= least && column <= most);
  if (first < 0) return [0, 1];
  return [first, keys.findLastIndex((column) => column >= least && column <= most) + 1];
}

/** [queries, before + keys], which hides none of those before. */
function maskOf({ queries, keys }: Columns, before: number, reach: number): Tensor {
  const width = before + keys.length;
  const values = new Float32Array(queries.length * width);
  queries.forEach((query, i) => {
    keys.forEach((key, j) => {
      if (Math.abs(query - key) > reach) values[i * width + before + j] = HIDDEN;
    });
  });
  return tensor(values, [queries.length, width]);
}

/** The context of a block [queries, inner]. */
function blockContext(
  [query, key, value]: readonly Tensor[],
  mask: Tensor,
  { heads, scale, dropout }: PackedAttentionOptions,
): Tensor {
  const [queries, inner] = query.shape;
  /** [rows, inner] -> [heads, rows, headDim] */
  const split = (x: Tensor) => permute(reshape(x, [x.shape[0], heads, inner / heads]), [1, 0, 2]);
  const drop = dropout && dropoutMask(query, [queries, heads, key.shape[0]], dropout.p, dropout.seed);
  const dropMask = drop && permute(drop, [1, 0, 2]);
  const context = attention(split(query), split(key), split(value), { scale, bias: mask, dropMask });
  return reshape(permute(context, [1, 0, 2]), [queries, inner]);
}
