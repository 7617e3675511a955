import * as v from 'valibot';
import { Embedding, LayerNorm, type ParameterPath } from '../nn/index.ts';
import type { ActivationName } from '../ops/activations.ts';
import { packedAttention } from '../ops/attention.ts';
import { boolean, nonNegative, positiveInteger, probability, wholeNumber } from '../settings/index.ts';
import type { Architecture, Fields } from './architecture.ts';
import { ProjectionPoint } from './attachments.ts';
import { bert } from './bert.ts';
import type { EncoderConfig } from './config.ts';
import { activationName, fieldError, optional } from './config-json.ts';
import { Encoder, type EncoderLayer } from './encoder.ts';
import { bertEntries, bertSizes } from './encoder-schema.ts';
import { plainHeads } from './heads.ts';
import { type Disentangled, DisentangledAttention, type DistanceTable } from './parts/disentangled.ts';
import { SummedEmbeddings } from './parts/embeddings.ts';
import { type LayerNames, postNormLayer } from './parts/post-norm-layer.ts';
import type { AttentionScheme } from './parts/self-attention.ts';
import { WithConvolution } from './parts/token-convolution.ts';

/** A list, or the words between bars: `c2p|p2c`. */
const words = (value: unknown): string[] =>
  (Array.isArray(value) ? value.map(String) : String(value ?? '').split('|')).map((word) => word.trim().toLowerCase());

const list = v.nullish(v.union([v.array(v.string()), v.string()], 'a list of names or names between bars'), null);

const entries = {
  ...bertEntries,
  type_vocab_size: optional(wholeNumber, 0),
  layer_norm_eps: optional(nonNegative, 1e-7),
  relative_attention: optional(boolean, false),
  /** Below 1: as many as there are positions. */
  max_relative_positions: optional(v.pipe(v.number('a number'), v.integer('a whole number')), -1),
  /** Below 1: each distance has a row of its own. */
  position_buckets: optional(v.pipe(v.number('a number'), v.integer('a whole number')), -1),
  position_biased_input: optional(boolean, true),
  pos_att_type: list,
  norm_rel_ebd: list,
  share_att_key: optional(boolean, false),
  conv_kernel_size: optional(wholeNumber, 0),
  conv_groups: optional(positiveInteger, 1),
  conv_act: optional(activationName, 'tanh'),
  pooler_dropout: optional(probability, 0),
  pooler_hidden_act: optional(activationName, 'gelu'),
  pooler_hidden_size: optional(positiveInteger, null),
  cls_dropout: optional(probability, null),
  embedding_size: optional(positiveInteger, null),
  attention_head_size: optional(positiveInteger, null),
  /** Of the heads that models are pretrained with. */
  legacy: optional(boolean, true),
  z_steps: optional(wholeNumber, 0),
};

/** How distances are put into rows of a table. */
interface DebertaDistances {
  /** 0 or less: each distance has a row of its own. */
  readonly buckets: number;
  /** From this distance on all have the same row. */
  readonly farthest: number;
}

export interface DebertaConfig extends EncoderConfig {
  /** How distances enter the scores; null: not at all. */
  readonly relative: (Disentangled & DebertaDistances & { readonly hasNorm: boolean }) | null;
  /** How many parts the scores are scaled for: the product of query and key, and those of `pos_att_type`, whether they are there or not. */
  readonly parts: number;
  /** The width of the tables. */
  readonly embedding_size: number;
  readonly hasPositions: boolean;
  readonly convolution: { readonly kernel: number; readonly groups: number; readonly act: ActivationName } | null;
  readonly pooler: { readonly dropout: number; readonly activation: ActivationName };
}

/** The names in `deberta.encoder.layer.0`. */
export const debertaLayer: LayerNames = {
  query: 'attention.self.query_proj', // [hidden, hidden]
  key: 'attention.self.key_proj', // [hidden, hidden]
  value: 'attention.self.value_proj', // [hidden, hidden]
  self: 'attention.self',
  attentionDense: 'attention.output.dense', // [hidden, hidden]
  attentionNorm: 'attention.output.LayerNorm',
  attentionEnd: 'attention.output',
  inner: 'intermediate.dense', // [intermediate, hidden]
  dense: 'output.dense', // [hidden, intermediate]
  norm: 'output.LayerNorm',
  end: 'output',
};

/** @throws InputError for sizes that differ where one model cannot have both here */
function checkSizes(fields: Fields<typeof entries>): void {
  const { hidden_size, num_attention_heads, conv_kernel_size, conv_groups } = fields;
  const pooled = fields.pooler_hidden_size ?? hidden_size;
  if (pooled !== hidden_size) throw fieldError('pooler_hidden_size', pooled, `${hidden_size}, as hidden_size`);
  const width = fields.attention_head_size ?? hidden_size / num_attention_heads;
  if (width * num_attention_heads !== hidden_size) {
    throw fieldError('attention_head_size', width, 'hidden_size by num_attention_heads');
  }
  if (conv_kernel_size > 0 && conv_kernel_size % 2 === 0) {
    throw fieldError('conv_kernel_size', conv_kernel_size, 'an odd number of tokens, or 0');
  }
  if (hidden_size % conv_groups !== 0) throw fieldError('conv_groups', conv_groups, 'a divisor of hidden_size');
}

/**
 * The bucket of a distance: near ones have one each, farther ones share by their logarithm. It is rounded as float32 is, since quotients
 * may be whole numbers: that of the farthest distance is.
 */
export function logBucket(distance: number, buckets: number, farthest: number): number {
  const [mid, n] = [Math.floor(buckets / 2), Math.abs(distance)];
  if (n <= mid) return distance;
  const log = (x: number) => Math.fround(Math.log(Math.fround(x)));
  const part = Math.fround(log(n / mid) / log((farthest - 1) / mid));
  return Math.sign(distance) * (mid + Math.ceil(Math.fround(part * (mid - 1))));
}

/** How many rows of the table of distances are for those of one sign. */
export const spanOf = ({ buckets, farthest }: DebertaDistances): number => (buckets > 0 ? buckets : farthest);

/** The row of a distance, query - key, in the table. */
export function rowOfDistance(distance: number, distances: DebertaDistances): number {
  const { buckets, farthest } = distances;
  const span = spanOf(distances);
  const bucket = buckets > 0 ? logBucket(distance, buckets, farthest) : distance;
  return Math.min(Math.max(bucket + span, 0), 2 * span - 1);
}

/** The table of distances of all layers, and what is its row. */
function distancesAt(encoder: ParameterPath, config: DebertaConfig): DistanceTable | null {
  const { relative, hidden_size, layer_norm_eps, hidden_dropout_prob } = config;
  if (!relative) return null;
  return {
    table: new Embedding(encoder.at('rel_embeddings'), 2 * spanOf(relative), hidden_size),
    norm: relative.hasNorm ? new LayerNorm(encoder.at('LayerNorm'), hidden_size, layer_norm_eps) : null,
    rowOf: (distance) => rowOfDistance(distance, relative),
    dropout: hidden_dropout_prob,
  };
}

/** Scores without distances, scaled as those of several parts. */
const contentAlone = (parts: number): AttentionScheme => ({
  attend: (query, key, value, options) =>
    packedAttention(query, key, value, {
      ...options,
      scale: 1 / Math.sqrt((query.shape[1] / options.heads) * parts),
    }),
});

/** DeBERTa v2 and v3 (He et al., 2021): BERT whose scores know the distance of query and key as a vector. */
export const debertaV2: Architecture<DebertaConfig, typeof entries> = {
  ...bert,
  type: 'deberta-v2',
  title: 'DeBERTa-v2',
  classes: ['DebertaV2'],
  prefix: 'deberta',
  entries,
  sizes(fields) {
    const { conv_kernel_size: kernel, conv_groups: groups, conv_act: act } = fields;
    checkSizes(fields);
    const terms = words(fields.pos_att_type);
    const [c2p, p2c] = [terms.includes('c2p'), terms.includes('p2c')];
    const farthest = fields.max_relative_positions;
    return {
      ...bertSizes({ ...fields, type_vocab_size: null }),
      type_vocab_size: fields.type_vocab_size,
      classifier_dropout: fields.cls_dropout,
      parts: 1 + Number(c2p) + Number(p2c),
      embedding_size: fields.embedding_size ?? fields.hidden_size,
      hasPositions: fields.position_biased_input,
      relative: fields.relative_attention
        ? {
            c2p,
            p2c,
            shared: fields.share_att_key,
            buckets: fields.position_buckets,
            farthest: farthest < 1 ? fields.max_position_embeddings : farthest,
            hasNorm: words(fields.norm_rel_ebd).includes('layer_norm'),
          }
        : null,
      convolution: kernel > 0 ? { kernel, groups, act } : null,
      pooler: { dropout: fields.pooler_dropout, activation: fields.pooler_hidden_act },
    };
  },
  build(path, config) {
    const { hidden_size, embedding_size: size, hasPositions, relative, convolution, parts } = config;
    const tables = path.at('embeddings');
    const embeddings = new SummedEmbeddings(tables, config, {
      size,
      hasPositions,
      projection:
        size === hidden_size
          ? undefined
          : new ProjectionPoint(tables.at('embed_proj'), size, hidden_size, { bias: false }), // [hidden, embedding]
    });
    const encoder = path.at('encoder');
    const distances = distancesAt(encoder, config);
    const layers = Array.from({ length: config.num_hidden_layers }, (_, i): EncoderLayer => {
      const at = encoder.at(`layer.${i}`);
      const scheme =
        relative && distances
          ? new DisentangledAttention(at.at('attention.self'), hidden_size, distances, relative)
          : contentAlone(parts);
      const layer = postNormLayer(at, config, debertaLayer, scheme);
      return convolution && i === 0
        ? new WithConvolution(layer, encoder.at('conv'), { ...config, ...convolution })
        : layer;
    });
    return new Encoder(path.prefix, config, { embeddings, layers });
  },
  heads({ pooler, classifier_dropout, hidden_dropout_prob }) {
    const text = [
      { at: 'pooler.dense', ...pooler }, // [hidden, hidden]
      { at: 'classifier', dropout: classifier_dropout ?? hidden_dropout_prob }, // [labels, hidden]
    ];
    return { text, choice: text, ...plainHeads(hidden_dropout_prob) };
  },
  layerNames: undefined,
};
