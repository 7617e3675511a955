import { positiveInteger, probability } from '../settings/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Architecture } from './architecture.ts';
import type { AttachmentPoints } from './attachments.ts';
import type { PackedBatch } from './batch.ts';
import { bert } from './bert.ts';
import type { EncoderConfig } from './config.ts';
import { activationName, optional } from './config-json.ts';
import { Encoder, type EncoderLayer } from './encoder.ts';
import { bertEntries, bertSizes } from './encoder-schema.ts';
import { headDropout, plainHeads, pooledHead } from './heads.ts';
import { SummedEmbeddings } from './parts/embeddings.ts';
import { type LayerNames, postNormLayer } from './parts/post-norm-layer.ts';
import { projected } from './parts/projected.ts';
import type { Pass } from './pass.ts';

const entries = {
  ...bertEntries,
  embedding_size: optional(positiveInteger, 128),
  num_hidden_groups: optional(positiveInteger, 1),
  inner_group_num: optional(positiveInteger, 1),
  hidden_act: optional(activationName, 'gelu_new'),
  hidden_dropout_prob: optional(probability, 0),
  attention_probs_dropout_prob: optional(probability, 0),
  classifier_dropout_prob: optional(probability, 0.1),
};

export interface AlbertConfig extends EncoderConfig {
  readonly embedding_size: number;
  readonly num_hidden_groups: number;
  readonly inner_group_num: number;
}

/** The names in `albert.encoder.albert_layer_groups.0.albert_layers.0`. */
export const albertLayer: LayerNames = {
  query: 'attention.query', // [hidden, hidden]
  key: 'attention.key', // [hidden, hidden]
  value: 'attention.value', // [hidden, hidden]
  self: 'attention',
  attentionDense: 'attention.dense', // [hidden, hidden]
  attentionNorm: 'attention.LayerNorm',
  attentionEnd: 'attention.attention_adapters',
  inner: 'ffn', // [intermediate, hidden]
  dense: 'ffn_output', // [hidden, intermediate]
  norm: 'full_layer_layer_norm',
  end: 'output_adapters',
};

/** Layers that act one after the other, as one. */
class LayerGroup implements EncoderLayer {
  readonly path: string;
  readonly points: Omit<AttachmentPoints, 'path'>;
  readonly #layers: readonly EncoderLayer[];

  constructor(path: string, layers: readonly EncoderLayer[]) {
    this.path = path;
    this.#layers = layers;
    const points = layers.map((layer) => layer.points);
    this.points = {
      residual: points.flatMap(({ residual }) => residual),
      projection: points.flatMap(({ projection }) => projection),
      attention: points.flatMap(({ attention }) => attention),
    };
  }

  forward(x: Tensor, batch: PackedBatch, pass: Pass): Tensor {
    return this.#layers.reduce((hidden, layer) => layer.forward(hidden, batch, pass), x);
  }
}

/** ALBERT (Lan et al., 2020): narrow tables that a linear layer widens, and layers that share their weights. */
export const albert: Architecture<AlbertConfig, typeof entries> = {
  ...bert,
  type: 'albert',
  title: 'ALBERT',
  classes: ['Albert'],
  prefix: 'albert',
  entries,
  sizes: (fields) => ({
    ...bertSizes(fields),
    classifier_dropout: fields.classifier_dropout_prob,
    embedding_size: fields.embedding_size,
    num_hidden_groups: fields.num_hidden_groups,
    inner_group_num: fields.inner_group_num,
  }),
  build(path, config) {
    const { num_hidden_layers: count, num_hidden_groups, inner_group_num } = config;
    const tables = new SummedEmbeddings(path.at('embeddings'), config, { size: config.embedding_size });
    const encoder = path.at('encoder');
    // [hidden, embedding], also where both are equal
    const embeddings = projected(tables, encoder.at('embedding_hidden_mapping_in'), config, 'always');
    const groups = Array.from({ length: num_hidden_groups }, (_, g) => {
      const group = encoder.at(`albert_layer_groups.${g}`);
      const inner = Array.from({ length: inner_group_num }, (_, j) =>
        postNormLayer(group.at(`albert_layers.${j}`), config, albertLayer),
      );
      return new LayerGroup(group.prefix, inner);
    });
    const layers = Array.from({ length: count }, (_, i) => groups[Math.floor(i / (count / num_hidden_groups))]);
    return new Encoder(path.prefix, config, { embeddings, layers });
  },
  heads(config) {
    const dropout = headDropout(config);
    const pooled = pooledHead('albert.pooler', dropout);
    return { text: pooled, choice: pooled, ...plainHeads(dropout) };
  },
  layerNames: undefined,
  layers: ({ num_hidden_groups: count }) => ({
    at: 'encoder.albert_layer_groups',
    field: 'num_hidden_groups',
    count,
  }),
};
