import { Embedding, type ParameterPath } from '../../nn/index.ts';
import { biasedAttention } from '../../ops/biased-attention.ts';
import { permute } from '../../ops/layout.ts';
import { reshape } from '../../ops/reduce.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Attend } from './self-attention.ts';

/** A scheme of positions: each head adds a learnt number to the score of a query and a key, by the bucket of their distance. */
export class DistanceBias {
  readonly #table: Embedding;
  readonly #bucketOf: (distance: number) => number;
  /** Owners of what all layers share in a pass, one for each sequence. */
  readonly #owners: object[] = [];

  /**
   * @param path of the table [buckets, heads]
   * @param bucketOf the bucket of a distance, key - query
   */
  constructor(path: ParameterPath, buckets: number, heads: number, bucketOf: (distance: number) => number) {
    this.#table = new Embedding(path, buckets, heads);
    this.#bucketOf = bucketOf;
  }

  readonly attend: Attend = (query, key, value, options, { batch: { columns, offsets, keyCounts }, pass }) =>
    biasedAttention(query, key, value, options, (s) => {
      this.#owners[s] ??= {};
      return pass.once(this.#owners[s], () =>
        this.#bias(
          columns.subarray(offsets[s], offsets[s + 1]),
          columns.subarray(offsets[s], offsets[s] + keyCounts[s]),
        ),
      );
    });

  /** [heads, queries, keys] */
  #bias(queries: Int32Array, keys: Int32Array): Tensor {
    const buckets = Int32Array.from({ length: queries.length * keys.length }, (_, cell) =>
      this.#bucketOf(keys[cell % keys.length] - queries[Math.floor(cell / keys.length)]),
    );
    const rows = this.#table.forward(buckets); // [queries * keys, heads]
    return permute(reshape(rows, [queries.length, keys.length, rows.shape[1]]), [2, 0, 1]);
  }
}
