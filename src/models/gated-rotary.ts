import type * as v from 'valibot';
import { LayerNorm, type ParameterPath } from '../nn/index.ts';
import { activation } from '../ops/activations.ts';
import { packedAttention } from '../ops/attention.ts';
import { nonNegative, positiveInteger } from '../settings/index.ts';
import type { Architecture, Fields, SavedModule } from './architecture.ts';
import { AttentionPoint, EmbeddingPoint, ProjectionPoint, ResidualPoint } from './attachments.ts';
import type { EncoderConfig } from './config.ts';
import { activationName, fieldError, optional } from './config-json.ts';
import { Encoder, type EncoderLayer } from './encoder.ts';
import { type EncoderLayerParts, EncoderSideLayer } from './encoder-decoder-layers.ts';
import { headDropout, plainHeads, pooledHead } from './heads.ts';
import { KeyValueAttention, type Scheme } from './parts/key-value-attention.ts';
import { GatedLayers } from './parts/perceptron.ts';
import { NormAfter } from './parts/residual.ts';
import { Rotary, type RotaryAngles } from './parts/rotary.ts';
import { UnplacedEmbeddings } from './parts/unplaced-embeddings.ts';
import { commonAngles, ropeEntries } from './rope-config.ts';

/** Attention to the whole sequence. */
export const toAll: Scheme = (query, key, value, options) => packedAttention(query, key, value, options);

/** A layer of parts at its path. */
export function layerAt(path: string, parts: EncoderLayerParts): EncoderLayer {
  const layer = new EncoderSideLayer(parts);
  return { path, points: layer.points, forward: (x, batch, pass) => layer.forward(x, batch, pass) };
}

/** @throws InputError for a head of an odd width, whose numbers make no pairs, or another one than the sizes say */
export function evenHeadDim(hidden: number, heads: number, told: number | null = null): number {
  const headDim = hidden / heads;
  if (told !== null && told !== headDim) throw fieldError('head_dim', told, `hidden_size / num_attention_heads`);
  if (Number.isInteger(headDim) && headDim % 2 === 1) {
    throw fieldError('num_attention_heads', heads, 'a number that makes heads of an even width');
  }
  return headDim;
}

/** The fields of a file that all of these encoders read in the same way. */
export const gatedRotaryEntries = {
  hidden_size: positiveInteger,
  num_hidden_layers: positiveInteger,
  num_attention_heads: positiveInteger,
  intermediate_size: positiveInteger,
  hidden_act: optional(activationName, 'gelu'),
  layer_norm_eps: optional(nonNegative, 1e-12),
  head_dim: optional(positiveInteger, null),
  ...ropeEntries,
} satisfies v.ObjectEntries;

export interface GatedRotaryConfig extends EncoderConfig {
  readonly angles: RotaryAngles;
}

/** The entries of a file, of which some have other defaults in each. */
type GatedRotaryEntries = typeof gatedRotaryEntries & {
  readonly type_vocab_size: v.GenericSchema<unknown, number>;
  readonly hidden_dropout_prob: v.GenericSchema<unknown, number>;
  readonly attention_probs_dropout_prob: v.GenericSchema<unknown, number>;
};

/** @param theta the base of the angles where the file does not say @throws InputError for angles and heads that are not there */
export function gatedRotarySizes(fields: Fields<GatedRotaryEntries>, theta: number) {
  const { hidden_size, num_attention_heads } = fields;
  const headDim = evenHeadDim(hidden_size, num_attention_heads, fields.head_dim);
  return {
    hidden_size,
    num_hidden_layers: fields.num_hidden_layers,
    num_attention_heads,
    intermediate_size: fields.intermediate_size,
    hidden_act: fields.hidden_act,
    type_vocab_size: fields.type_vocab_size,
    layer_norm_eps: fields.layer_norm_eps,
    hidden_dropout_prob: fields.hidden_dropout_prob,
    attention_probs_dropout_prob: fields.attention_probs_dropout_prob,
    angles: commonAngles(fields, theta, { headDim, positions: fields.max_position_embeddings }),
  };
}

/** Where these encoders differ. */
export interface GatedRotaryForm {
  /** Whether the projections of the attention, and the last layer of the perceptron, have biases. */
  readonly bias: boolean;
  /** Whether dropout acts before the last layer of the perceptron. */
  readonly dropsInner: boolean;
  /** The modules as they are saved, of the encoder and of a layer at its place. */
  readonly saved: { readonly embeddings: readonly SavedModule[]; layer(i: number): readonly SavedModule[] };
  /** The place of layer i, as it is saved. */
  readonly layers: string;
}

/** A layer under the names that transformers has for it while it computes. */
function gatedRotaryLayer(path: ParameterPath, config: GatedRotaryConfig, form: GatedRotaryForm, scheme: Scheme) {
  const { hidden_size: hidden, intermediate_size: inner, num_attention_heads: heads, hidden_act } = config;
  const { hidden_dropout_prob: p, layer_norm_eps: eps } = config;
  const { bias } = form;
  const attention = path.at('self_attn');
  const norm = (name: string) => new LayerNorm(path.at(name), hidden, eps);
  return layerAt(path.prefix, {
    attention: {
      inside: new KeyValueAttention({
        query: new ProjectionPoint(attention.at('q_proj'), hidden, hidden, { bias }), // [hidden, hidden]
        key: new ProjectionPoint(attention.at('k_proj'), hidden, hidden, { bias }), // [hidden, hidden]
        value: new ProjectionPoint(attention.at('v_proj'), hidden, hidden, { bias }), // [hidden, hidden]
        out: new ProjectionPoint(attention.at('o_proj'), hidden, hidden, { bias }), // [hidden, hidden]
        seen: new AttentionPoint(attention.prefix, 'self', hidden),
        heads,
        scale: 1 / Math.sqrt(hidden / heads),
        dropout: config.attention_probs_dropout_prob,
        outputDropout: p,
        scheme,
      }),
      residual: new NormAfter(
        norm('post_attention_layernorm'),
        new ResidualPoint(path.at('attention_adapters').prefix, 'attention', hidden),
      ),
    },
    perceptron: {
      inside: new GatedLayers(
        new ProjectionPoint(path.at('mlp.gate_proj'), hidden, inner, { bias: false }), // [intermediate, hidden]
        new ProjectionPoint(path.at('mlp.up_proj'), hidden, inner, { bias: false }), // [intermediate, hidden]
        new ProjectionPoint(path.at('mlp.down_proj'), inner, hidden, { bias }), // [hidden, intermediate]
        activation(hidden_act),
        { inner: form.dropsInner ? p : 0, output: p },
      ),
      residual: new NormAfter(
        norm('post_mlp_layernorm'),
        new ResidualPoint(path.at('output_adapters').prefix, 'feedForward', hidden),
      ),
    },
  });
}

/** BERT with rotary positions and gated perceptrons: what NomicBERT and GTE have in common. */
export const gatedRotary = (
  form: GatedRotaryForm,
): Pick<Architecture<GatedRotaryConfig>, 'build' | 'heads' | 'layers' | 'saved' | 'withoutClass'> => ({
  withoutClass: ['question-answering', 'multiple-choice'],
  build(path, config) {
    const { hidden_size: hidden, vocab_size, type_vocab_size: types, pad_token_id, num_hidden_layers } = config;
    const tables = path.at('embeddings');
    const embeddings = new UnplacedEmbeddings(tables.prefix, config, {
      words: new EmbeddingPoint(tables.at('word_embeddings'), vocab_size, hidden, pad_token_id),
      tokenTypes: types > 0 ? new EmbeddingPoint(tables.at('token_type_embeddings'), types, hidden) : null,
      norm: new LayerNorm(tables.at('LayerNorm'), hidden, config.layer_norm_eps),
      dropout: config.hidden_dropout_prob,
    });
    const scheme = new Rotary(config.angles).before(toAll);
    const layers = Array.from({ length: num_hidden_layers }, (_, i) =>
      gatedRotaryLayer(path.at(`layers.${i}`), config, form, scheme),
    );
    return new Encoder(path.prefix, config, { embeddings, layers });
  },
  heads(config) {
    const pooled = pooledHead(`${config.prefix}.pooler.dense`, headDropout(config));
    return { text: pooled, choice: pooled, ...plainHeads(headDropout(config)) };
  },
  layers: ({ num_hidden_layers: count }) => ({ at: form.layers, field: 'num_hidden_layers', count }),
  saved: ({ num_hidden_layers: count }) => [
    ...form.saved.embeddings,
    ...Array.from({ length: count }, (_, i) => form.saved.layer(i)).flat(),
  ],
});
