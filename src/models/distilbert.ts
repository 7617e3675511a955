import { boolean, positiveInteger, probability } from '../settings/index.ts';
import type { Architecture } from './architecture.ts';
import type { EncoderConfig } from './config.ts';
import { activationName, optional } from './config-json.ts';
import { Encoder } from './encoder.ts';
import { SummedEmbeddings } from './parts/embeddings.ts';
import { type LayerNames, postNormLayer } from './parts/post-norm-layer.ts';

const entries = {
  dim: positiveInteger,
  n_layers: positiveInteger,
  n_heads: positiveInteger,
  hidden_dim: positiveInteger,
  activation: optional(activationName, 'gelu'),
  dropout: optional(probability, 0.1),
  attention_dropout: optional(probability, 0.1),
  qa_dropout: optional(probability, 0.1),
  seq_classif_dropout: optional(probability, 0.2),
  /** How the table of positions was begun; it is stored. */
  sinusoidal_pos_embds: optional(boolean, false),
};

/** The names in `distilbert.transformer.layer.0`. */
const layerNames: LayerNames = {
  query: 'attention.q_lin', // [hidden, hidden]
  key: 'attention.k_lin', // [hidden, hidden]
  value: 'attention.v_lin', // [hidden, hidden]
  self: 'attention',
  attentionDense: 'attention.out_lin', // [hidden, hidden]
  attentionNorm: 'sa_layer_norm',
  attentionEnd: 'attention_adapters',
  inner: 'ffn.lin1', // [intermediate, hidden]
  dense: 'ffn.lin2', // [hidden, intermediate]
  norm: 'output_layer_norm',
  end: 'output_adapters',
};

interface DistilBertConfig extends EncoderConfig {
  readonly qa_dropout: number;
}

/** DistilBERT (Sanh et al., 2019): fewer layers of BERT under other names, without token types and pooler. */
export const distilbert: Architecture<DistilBertConfig, typeof entries> = {
  type: 'distilbert',
  title: 'DistilBERT',
  classes: ['DistilBert'],
  prefix: 'distilbert',
  padTokenId: 0,
  entries,
  otherNames: { hidden_size: 'dim', num_attention_heads: 'n_heads', num_hidden_layers: 'n_layers' },
  fieldNames: { hidden_size: 'dim', num_attention_heads: 'n_heads' },
  sizes: (fields) => ({
    hidden_size: fields.dim,
    num_hidden_layers: fields.n_layers,
    num_attention_heads: fields.n_heads,
    intermediate_size: fields.hidden_dim,
    hidden_act: fields.activation,
    type_vocab_size: 0,
    // The library has it as a constant.
    layer_norm_eps: 1e-12,
    hidden_dropout_prob: fields.dropout,
    attention_probs_dropout_prob: fields.attention_dropout,
    classifier_dropout: fields.seq_classif_dropout,
    qa_dropout: fields.qa_dropout,
  }),
  build: (path, config) =>
    new Encoder(path.prefix, config, {
      embeddings: new SummedEmbeddings(path.at('embeddings'), config),
      layers: Array.from({ length: config.num_hidden_layers }, (_, i) =>
        postNormLayer(path.at(`transformer.layer.${i}`), config, layerNames),
      ),
    }),
  heads({ classifier_dropout, hidden_dropout_prob, qa_dropout }) {
    const text = [
      { at: 'pre_classifier', activation: 'relu' }, // [hidden, hidden]
      { at: 'classifier', dropout: classifier_dropout ?? undefined }, // [labels, hidden]
    ] as const;
    return {
      text,
      choice: text,
      token: [{ at: 'classifier', dropout: hidden_dropout_prob }],
      answer: [{ at: 'qa_outputs', dropout: qa_dropout }],
    };
  },
  layerNames,
  layers: ({ num_hidden_layers: count }) => ({ at: 'transformer.layer', field: 'n_layers', count }),
};
