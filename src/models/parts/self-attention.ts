import type { ParameterPath } from '../../nn/index.ts';
import { type PackedAttentionOptions, packedAttention } from '../../ops/attention.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { AttentionPoint, ProjectionPoint } from '../attachments.ts';
import type { PackedBatch } from '../batch.ts';
import type { Pass } from '../pass.ts';
import type { LayerSizes } from './sizes.ts';

/** The rows that an attention is between. */
export interface AttentionRows {
  readonly batch: PackedBatch;
  readonly pass: Pass;
}

/**
 * A scheme of positions: from queries, keys and values to the context of each query [rows, hidden]. Without one the positions are in the
 * embeddings, and the context is that of `packedAttention`.
 */
export type Attend = (
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: PackedAttentionOptions,
  rows: AttentionRows,
) => Tensor;

const inEmbeddings: Attend = (query, key, value, options) => packedAttention(query, key, value, options);

/** Multi-head self-attention, without the dense layer that ends the sublayer. */
export class SelfAttention {
  readonly #query: ProjectionPoint;
  readonly #key: ProjectionPoint;
  readonly #value: ProjectionPoint;
  readonly #self: AttentionPoint | null;
  readonly #sizes: LayerSizes;
  readonly #attend: Attend;

  /** @param places of the projections, each [hidden, hidden], and of the point where adapters change keys and values; null where they cannot */
  constructor(
    [query, key, value, self]: readonly [
      query: ParameterPath,
      key: ParameterPath,
      value: ParameterPath,
      self: ParameterPath | null,
    ],
    sizes: LayerSizes,
    attend: Attend = inEmbeddings,
  ) {
    const { hidden_size } = sizes;
    this.#sizes = sizes;
    this.#query = new ProjectionPoint(query, hidden_size, hidden_size);
    this.#key = new ProjectionPoint(key, hidden_size, hidden_size);
    this.#value = new ProjectionPoint(value, hidden_size, hidden_size);
    this.#self = self && new AttentionPoint(self.prefix, 'self', hidden_size);
    this.#attend = attend;
  }

  get projections(): ProjectionPoint[] {
    return [this.#query, this.#key, this.#value];
  }

  get points(): AttentionPoint[] {
    return this.#self ? [this.#self] : [];
  }

  /** [rows, hidden] -> [rows, hidden] */
  forward(x: Tensor, batch: PackedBatch, pass: Pass): Tensor {
    const { hidden_size, num_attention_heads: heads, attention_probs_dropout_prob: p } = this.#sizes;
    const { offsets, random } = pass;
    const query = this.#query.forward(x, pass); // [rows, hidden]
    const key = this.#key.forward(x, pass); // [rows, hidden]
    const value = this.#value.forward(x, pass); // [rows, hidden]
    const own = { key, value, offsets, counts: batch.keyCounts };
    const seen = this.#self ? this.#self.forward(own, pass) : own; // [key rows, hidden]
    const options = {
      heads,
      scale: 1 / Math.sqrt(hidden_size / heads),
      queryOffsets: offsets,
      keyOffsets: seen.offsets,
      keyCounts: seen.counts,
      causal: false,
      dropout: random && p > 0 ? { p, seed: random.uint32() } : undefined,
    };
    return this.#attend(query, seen.key, seen.value, options, { batch, pass });
  }
}
