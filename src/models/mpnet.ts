import * as v from 'valibot';
import { positiveInteger } from '../settings/index.ts';
import type { Architecture } from './architecture.ts';
import { bert } from './bert.ts';
import type { EncoderConfig } from './config.ts';
import { optional } from './config-json.ts';
import { Encoder } from './encoder.ts';
import { bertEntries, bertSizes } from './encoder-schema.ts';
import { denseHead, plainHeads, pooledHead } from './heads.ts';
import { SummedEmbeddings } from './parts/embeddings.ts';
import { type LayerNames, postNormLayer } from './parts/post-norm-layer.ts';
import { type Buckets, RelativeBias } from './parts/relative-bias.ts';
import { type AttentionScheme, schemeColumns } from './parts/self-attention.ts';

const { type_vocab_size: _, position_embedding_type: __, ...sizeEntries } = bertEntries;
const entries = {
  ...sizeEntries,
  /** The rows of the table; distances are of 32 buckets in any case. */
  relative_attention_num_buckets: optional(v.pipe(positiveInteger, v.minValue(32, 'at least 32')), 32),
};

interface MPNetConfig extends EncoderConfig {
  readonly buckets: number;
}

/** The names in `mpnet.encoder.layer.0`. */
export const mpnetLayer: LayerNames = {
  query: 'attention.attn.q', // [hidden, hidden]
  key: 'attention.attn.k', // [hidden, hidden]
  value: 'attention.attn.v', // [hidden, hidden]
  self: 'attention.attn',
  attentionDense: 'attention.attn.o', // [hidden, hidden]
  attentionNorm: 'attention.LayerNorm',
  attentionEnd: 'attention.output',
  inner: 'intermediate.dense', // [intermediate, hidden]
  dense: 'output.dense', // [hidden, intermediate]
  norm: 'output.LayerNorm',
  end: 'output',
};

/** The position of padding, whatever its token is. */
const POSITION_PADDING = 1;

/** As in T5; the number of rows of the table does not change them. */
export const mpnetBuckets: Buckets = { count: 32, farthest: 128, isTwoSided: true };

/** MPNet (Song et al., 2020): RoBERTa without token types, whose scores have a bias for the distance of query and key. */
export const mpnet: Architecture<MPNetConfig, typeof entries> = {
  ...bert,
  type: 'mpnet',
  title: 'MPNet',
  classes: ['MPNet'],
  prefix: 'mpnet',
  padTokenId: 1,
  entries,
  sizes: (fields) => ({
    ...bertSizes(fields),
    type_vocab_size: 0,
    position_padding: POSITION_PADDING,
    buckets: fields.relative_attention_num_buckets,
  }),
  build(path, config) {
    const { num_attention_heads, num_hidden_layers } = config;
    const embeddings = new SummedEmbeddings(path.at('embeddings'), config);
    const bias = new RelativeBias(
      path.at('encoder.relative_attention_bias'), // [buckets, heads], of all layers
      { ...mpnetBuckets, rows: config.buckets },
      num_attention_heads,
    );
    const scheme: AttentionScheme = {
      attend: (query, key, value, options, rows) =>
        bias.scheme(query, key, value, options, schemeColumns(rows), rows.pass),
    };
    const layers = Array.from({ length: num_hidden_layers }, (_, i) =>
      postNormLayer(path.at(`encoder.layer.${i}`), config, mpnetLayer, scheme),
    );
    return new Encoder(path.prefix, config, { embeddings, layers });
  },
  heads({ hidden_dropout_prob: dropout }) {
    return {
      text: denseHead('classifier', dropout),
      choice: pooledHead('mpnet.pooler.dense', dropout),
      ...plainHeads(dropout),
    };
  },
  layerNames: undefined,
};
