import type { ParameterPath } from '../../nn/index.ts';
import { type PackedAttentionOptions, packedAttention } from '../../ops/attention.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { AttentionPoint, ProjectionPoint } from '../attachments.ts';
import type { PackedBatch } from '../batch.ts';
import type { Pass } from '../pass.ts';
import type { SchemeColumns } from './key-value-attention.ts';
import type { LayerSizes } from './sizes.ts';

/** The rows that an attention is between. */
export interface AttentionRows {
  readonly batch: PackedBatch;
  readonly pass: Pass;
  /** The projections of the attention, for what goes through them too. */
  readonly query: ProjectionPoint;
  readonly key: ProjectionPoint;
}

/** The columns of queries and keys, both of which are of the rows themselves. */
export const schemeColumns = ({ batch: { columns }, pass: { offsets } }: AttentionRows): SchemeColumns => ({
  queries: columns,
  keys: columns,
  keyOffsets: offsets,
});

/** From queries, keys and values to the context of each query [rows, hidden]. */
export type Attend = (
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: PackedAttentionOptions,
  rows: AttentionRows,
) => Tensor;

/** How positions enter an attention. */
export interface AttentionScheme {
  readonly attend: Attend;
  /** Linear layers of its own. */
  readonly projections?: readonly ProjectionPoint[];
}

/** The scheme of models that have positions in their embeddings. */
const inEmbeddings: AttentionScheme = {
  attend: (query, key, value, options) => packedAttention(query, key, value, options),
};

/** Multi-head self-attention, without the dense layer that ends the sublayer. */
export class SelfAttention {
  readonly #query: ProjectionPoint;
  readonly #key: ProjectionPoint;
  readonly #value: ProjectionPoint;
  readonly #self: AttentionPoint;
  readonly #sizes: LayerSizes;
  readonly #scheme: AttentionScheme;

  /** @param places of the projections, each [hidden, hidden], and of the point where adapters change keys and values */
  constructor(
    [query, key, value, self]: readonly [
      query: ParameterPath,
      key: ParameterPath,
      value: ParameterPath,
      self: ParameterPath,
    ],
    sizes: LayerSizes,
    scheme: AttentionScheme = inEmbeddings,
  ) {
    const { hidden_size } = sizes;
    this.#sizes = sizes;
    this.#query = new ProjectionPoint(query, hidden_size, hidden_size);
    this.#key = new ProjectionPoint(key, hidden_size, hidden_size);
    this.#value = new ProjectionPoint(value, hidden_size, hidden_size);
    this.#self = new AttentionPoint(self.prefix, 'self', hidden_size);
    this.#scheme = scheme;
  }

  get projections(): ProjectionPoint[] {
    return [this.#query, this.#key, this.#value, ...(this.#scheme.projections ?? [])];
  }

  get points(): AttentionPoint[] {
    return [this.#self];
  }

  /** [rows, hidden] -> [rows, hidden] */
  forward(x: Tensor, batch: PackedBatch, pass: Pass): Tensor {
    const { hidden_size, num_attention_heads: heads, attention_probs_dropout_prob: p } = this.#sizes;
    const { offsets, random } = pass;
    const query = this.#query.forward(x, pass); // [rows, hidden]
    const key = this.#key.forward(x, pass); // [rows, hidden]
    const value = this.#value.forward(x, pass); // [rows, hidden]
    const seen = this.#self.forward({ key, value, offsets, counts: batch.keyCounts }, pass); // [key rows, hidden]
    const options = {
      heads,
      scale: 1 / Math.sqrt(hidden_size / heads),
      queryOffsets: offsets,
      keyOffsets: seen.offsets,
      keyCounts: seen.counts,
      causal: false,
      dropout: random && p > 0 ? { p, seed: random.uint32() } : undefined,
    };
    return this.#scheme.attend(query, seen.key, seen.value, options, {
      batch,
      pass,
      query: this.#query,
      key: this.#key,
    });
  }
}
