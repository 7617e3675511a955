import { Embedding, type Initializer, type ParameterPath } from '../../nn/index.ts';
import { add } from '../../ops/arithmetic.ts';
import { attention, type PackedAttentionOptions } from '../../ops/attention.ts';
import { dropoutMask } from '../../ops/dropout.ts';
import { concat, permute, slice } from '../../ops/layout.ts';
import { reshape } from '../../ops/reduce.ts';
import { rowBlocks } from '../../ops/row-blocks.ts';
import { tensor, zeros } from '../../tensor/create.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Pass } from '../pass.ts';
import type { Scheme, SchemeColumns } from './key-value-attention.ts';
import { type OwnKeys, ownKeys } from './own-keys.ts';

/** How distances are put into buckets. */
export interface Buckets {
  readonly count: number;
  /** The rows of their table, where it has more. */
  readonly rows?: number;
  /** From this distance on all are in one bucket. */
  readonly farthest: number;
  /** Half of the buckets are for keys after the query; else these count as distance 0. */
  readonly isTwoSided: boolean;
}

/**
 * The bucket of a distance, key - query (Raffel et al., 2020): near ones have one each, farther ones share by their logarithm.
 */
export function bucketOf(distance: number, { count, farthest, isTwoSided }: Buckets): number {
  const own = isTwoSided ? Math.floor(count / 2) : count;
  const first = isTwoSided && distance > 0 ? own : 0;
  const n = isTwoSided ? Math.abs(distance) : Math.max(-distance, 0);
  const near = Math.floor(own / 2);
  if (n < near) return first + n;
  const far = near + Math.floor((Math.log(n / near) / Math.log(farthest / near)) * (own - near));
  return first + Math.min(far, own - 1);
}

/** Added to a score it leaves a probability of exactly 0. */
const HIDDEN = -1e30;

/** The queries and keys of a sequence. */
interface Part extends OwnKeys {
  /** The columns of the queries. */
  readonly queries: Int32Array;
}

/**
 * A scheme of positions: each head adds a learnt number to the score of a query and a key, by the bucket of their distance. All layers of
 * a stack share the table, `weight` [buckets, heads].
 */
export class RelativeBias {
  readonly #table: Embedding;
  readonly #buckets: Buckets;
  /** Owners of what the layers share in a pass, one for each sequence. */
  readonly #owners: object[] = [];

  constructor(path: ParameterPath, buckets: Buckets, heads: number, first?: Initializer) {
    this.#table = new Embedding(path, buckets.rows ?? buckets.count, heads, undefined, first);
    this.#buckets = buckets;
  }

  readonly scheme: Scheme = (query, key, value, options, columns, pass) => {
    const parts = partsOf(options, columns);
    const areAlike = parts.every((part) => isSame(part, parts[0]));
    const groups = areAlike ? [parts.length] : parts.map(() => 1);
    const drop =
      options.dropout && dropoutMask(query, dropShape(query, options), options.dropout.p, options.dropout.seed);
    const firsts = groups.map((_, group) => (areAlike ? 0 : group));
    const { queryOffsets, keyOffsets } = options;
    /** The rows of each group. */
    const blocks = (x: Tensor, offsets: ArrayLike<number>) =>
      rowBlocks(
        x,
        groups.map((count, group) => [offsets[firsts[group]], offsets[firsts[group] + count]]),
      );
    const queries = blocks(query, queryOffsets); // [count * queries, inner]
    const [keys, values] = [key, value].map((x) => blocks(x, keyOffsets)); // [count * key rows, inner]
    const contexts = groups.map((count, group) => {
      const first = firsts[group];
      const bias = this.#bias(first, parts[first], options.causal, pass); // [heads, queries, keys]
      return attend([queries[group], keys[group], values[group], drop], options, { first, count, bias });
    });
    return contexts.length === 1 ? contexts[0] : concat(contexts, 0);
  };

  /** What is added to the scores of a sequence [heads, queries, keys]. */
  #bias(s: number, part: Part, isCausal: boolean, pass: Pass): Tensor {
    this.#owners[s] ??= {};
    return pass.once(this.#owners[s], () => {
      const { queries, columns, before } = part;
      const [rows, keys] = [queries.length, columns.length];
      const cells = Array.from({ length: rows * keys }, (_, i) => columns[i % keys] - queries[Math.floor(i / keys)]);
      const numbers = this.#table.forward(Int32Array.from(cells, (distance) => bucketOf(distance, this.#buckets)));
      const heads = numbers.shape[1];
      const bias = permute(reshape(numbers, [rows, keys, heads]), [2, 0, 1]);
      const seen = isCausal && rows > 1 ? add(bias, later(rows, keys)) : bias;
      return before === 0 ? seen : concat([zeros([heads, rows, before]), seen], 2);
    });
  }
}

/** [queries, keys] that hides the keys after each query, of which the last sees all. */
function later(queries: number, keys: number): Tensor {
  const values = Float32Array.from({ length: queries * keys }, (_, cell) =>
    (cell % keys) - (keys - queries) > Math.floor(cell / keys) ? HIDDEN : 0,
  );
  return tensor(values, [queries, keys]);
}

/** Whether two sequences have the same distances. */
const isSame = (a: Part, b: Part): boolean =>
  a.before === b.before &&
  a.queries.length === b.queries.length &&
  a.columns.length === b.columns.length &&
  a.queries.every((column, i) => column === b.queries[i]) &&
  a.columns.every((column, i) => column === b.columns[i]);

const dropShape = (query: Tensor, { heads, keyCounts }: PackedAttentionOptions) => [
  query.shape[0],
  heads,
  Math.max(...keyCounts),
];

/** The sequences of a batch. */
const partsOf = (options: PackedAttentionOptions, columns: SchemeColumns): Part[] =>
  ownKeys(options, columns).map((own, s) => ({
    ...own,
    queries: columns.queries.subarray(options.queryOffsets[s], options.queryOffsets[s + 1]),
  }));

/** The context [count * queries, inner] of sequences with the same distances, from `first` on. */
function attend(
  [query, key, value, drop]: readonly [Tensor, Tensor, Tensor, Tensor | undefined],
  { heads, scale, queryOffsets, keyCounts }: PackedAttentionOptions,
  { first, count, bias }: { readonly first: number; readonly count: number; readonly bias: Tensor },
): Tensor {
  const inner = query.shape[1];
  const [queries, keys] = [queryOffsets[first + 1] - queryOffsets[first], keyCounts[first]];
  /** [count * rows, inner] -> [count, heads, seen, headDim] */
  const split = (x: Tensor, seen: number) => {
    const rows = x.shape[0] / count;
    const some = reshape(x, [count, rows, heads, inner / heads]);
    return permute(seen === rows ? some : slice(some, [0, 0, 0, 0], [count, seen, heads, inner / heads]), [0, 2, 1, 3]);
  };
  const start = queryOffsets[first];
  const dropped = drop && slice(drop, [start, 0, 0], [start + count * queries, heads, keys]);
  const context = attention(split(query, queries), split(key, keys), split(value, keys), {
    scale,
    bias,
    dropMask: dropped && permute(reshape(dropped, [count, queries, heads, keys]), [0, 2, 1, 3]),
  });
  return reshape(permute(context, [0, 2, 1, 3]), [count * queries, inner]);
}
