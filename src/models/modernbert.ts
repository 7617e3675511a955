import * as v from 'valibot';
import { Linear, type ParameterPath, UnbiasedLinear } from '../nn/index.ts';
import { type ActivationName, activation } from '../ops/activations.ts';
import { boolean, nonNegative, positiveInteger, positiveNumber, probability, wholeNumber } from '../settings/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Architecture } from './architecture.ts';
import { AttentionPoint, EmbeddingPoint, ProjectionPoint, ResidualPoint } from './attachments.ts';
import type { EncoderConfig } from './config.ts';
import { activationName, fieldError, optional } from './config-json.ts';
import { Encoder } from './encoder.ts';
import { evenHeadDim, layerAt, toAll } from './gated-rotary.ts';
import type { HeadLayer, Pooling } from './heads.ts';
import { FusedAttention } from './parts/fused-attention.ts';
import { GatedHalves } from './parts/gated-halves.ts';
import type { Scheme } from './parts/key-value-attention.ts';
import { localAttention } from './parts/local-attention.ts';
import { type Norm, NormBefore } from './parts/residual.ts';
import { Rotary, type RotaryAngles } from './parts/rotary.ts';
import { layerNormOf } from './parts/scale-norm.ts';
import { UnplacedEmbeddings } from './parts/unplaced-embeddings.ts';
import { rotaryAngles } from './rope-config.ts';

const layerTypes = ['full_attention', 'sliding_attention'] as const;
type LayerType = (typeof layerTypes)[number];

/** Fields that change nothing here: of the head for masked tokens, and of how Python computes. */
const withoutEffect = v.optional(v.unknown());

const entries = {
  hidden_size: positiveInteger,
  num_hidden_layers: positiveInteger,
  num_attention_heads: positiveInteger,
  intermediate_size: positiveInteger,
  hidden_activation: optional(activationName, 'gelu'),
  norm_eps: optional(nonNegative, 1e-5),
  norm_bias: optional(boolean, false),
  attention_bias: optional(boolean, false),
  mlp_bias: optional(boolean, false),
  attention_dropout: optional(probability, 0),
  embedding_dropout: optional(probability, 0),
  mlp_dropout: optional(probability, 0),
  /** Columns around a query and its own that a layer with local attention sees. */
  local_attention: optional(wholeNumber, 128),
  /** Columns on each side, half of them: it goes before that field, as in transformers. */
  sliding_window: optional(wholeNumber, null),
  /** Null: as `global_attn_every_n_layers` says. */
  layer_types: optional(v.array(v.picklist(layerTypes, `one of ${layerTypes.join(', ')}`)), null),
  global_attn_every_n_layers: optional(positiveInteger, 3),
  /** By the type of a layer. */
  rope_parameters: optional(
    v.object({ full_attention: v.nullish(v.looseObject({})), sliding_attention: v.nullish(v.looseObject({})) }),
    null,
  ),
  rope_scaling: optional(v.looseObject({}), null),
  global_rope_theta: optional(positiveNumber, 160_000),
  local_rope_theta: optional(positiveNumber, 10_000),
  classifier_pooling: optional(v.picklist(['cls', 'mean'], 'cls or mean'), 'cls'),
  classifier_bias: optional(boolean, false),
  classifier_activation: optional(activationName, 'gelu'),
  decoder_bias: withoutEffect,
  deterministic_flash_attn: withoutEffect,
  initializer_cutoff_factor: withoutEffect,
  layer_norm_eps: withoutEffect,
  position_embedding_type: withoutEffect,
  reference_compile: withoutEffect,
  repad_logits_with_grad: withoutEffect,
  sparse_pred_ignore_index: withoutEffect,
  sparse_prediction: withoutEffect,
};

export interface ModernBertConfig extends EncoderConfig {
  readonly norm_bias: boolean;
  readonly attention_bias: boolean;
  readonly mlp_bias: boolean;
  readonly embedding_dropout: number;
  readonly mlp_dropout: number;
  /** How many columns away a key may be in layers with local attention. */
  readonly reach: number;
  readonly layer_types: readonly LayerType[];
  readonly angles: Readonly<Record<LayerType, RotaryAngles>>;
  readonly head: PredictionHeadSizes;
  readonly classifier_pooling: Pooling;
}

interface PredictionHeadSizes {
  readonly bias: boolean;
  readonly activation: ActivationName;
  readonly norm: { readonly eps: number; readonly bias: boolean };
}

/** The layer before the last one of every head: norm(act(dense(x))), [..., hidden] -> [..., hidden]. */
class PredictionHead {
  readonly #dense: Linear | UnbiasedLinear;
  readonly #act: (x: Tensor) => Tensor;
  readonly #norm: Norm;

  constructor(path: ParameterPath, hidden: number, { bias, activation: act, norm }: PredictionHeadSizes) {
    const Dense = bias ? Linear : UnbiasedLinear;
    this.#dense = new Dense(path.at('dense'), hidden, hidden);
    this.#act = activation(act);
    this.#norm = layerNormOf(path.at('norm'), hidden, norm);
  }

  forward(x: Tensor): Tensor {
    return this.#norm.forward(this.#act(this.#dense.forward(x)));
  }
}

/** Which layers attend to the whole sequence. @throws InputError for another number of them than there are layers */
function typesOf(told: readonly LayerType[] | null, layers: number, every: number): readonly LayerType[] {
  if (told !== null && told.length !== layers) {
    throw fieldError('layer_types', told.length, `a list of the types of ${layers} layers (num_hidden_layers)`);
  }
  return told ?? Array.from({ length: layers }, (_, i) => layerTypes[i % every === 0 ? 0 : 1]);
}

/** A layer under the names of its modules, the first one without a norm before its attention. */
function modernBertLayer(path: ParameterPath, config: ModernBertConfig, isFirst: boolean, scheme: Scheme) {
  const { hidden_size: hidden, intermediate_size: inner, num_attention_heads: heads } = config;
  const { attention_bias, mlp_bias, attention_probs_dropout_prob: p } = config;
  const norm = (name: string) =>
    layerNormOf(path.at(name), hidden, { eps: config.layer_norm_eps, bias: config.norm_bias });
  const unchanged: Norm = { forward: (x) => x };
  return layerAt(path.prefix, {
    attention: {
      residual: new NormBefore(
        isFirst ? unchanged : norm('attn_norm'),
        new ResidualPoint(path.at('attention_adapters').prefix, 'attention', hidden),
      ),
      inside: new FusedAttention({
        qkv: new ProjectionPoint(path.at('attn.Wqkv'), hidden, 3 * hidden, { bias: attention_bias }), // [3 * hidden, hidden]
        out: new ProjectionPoint(path.at('attn.Wo'), hidden, hidden, { bias: attention_bias }), // [hidden, hidden]
        seen: new AttentionPoint(path.at('attn').prefix, 'self', hidden),
        heads,
        scale: 1 / Math.sqrt(hidden / heads),
        dropout: p,
        outputDropout: p,
        scheme,
      }),
    },
    perceptron: {
      residual: new NormBefore(
        norm('mlp_norm'),
        new ResidualPoint(path.at('output_adapters').prefix, 'feedForward', hidden),
      ),
      inside: new GatedHalves(
        new ProjectionPoint(path.at('mlp.Wi'), hidden, 2 * inner, { bias: mlp_bias }), // [2 * intermediate, hidden]
        new ProjectionPoint(path.at('mlp.Wo'), inner, hidden, { bias: mlp_bias }), // [hidden, intermediate]
        activation(config.hidden_act),
        config.mlp_dropout,
      ),
    },
  });
}

/**
 * ModernBERT (Warner et al., 2024): rotary positions, layers that attend to the neighbourhood between those that attend to all, gated
 * perceptrons, norms before the sublayers.
 */
export const modernBert: Architecture<ModernBertConfig, typeof entries> = {
  type: 'modernbert',
  title: 'ModernBERT',
  classes: ['ModernBert'],
  prefix: 'model',
  padTokenId: 50_283,
  entries,
  sizes(fields) {
    const { hidden_size, num_attention_heads, num_hidden_layers, norm_eps, rope_parameters, rope_scaling } = fields;
    const headDim = evenHeadDim(hidden_size, num_attention_heads);
    const shape = { headDim, positions: fields.max_position_embeddings };
    // In transformers each type of layers has a `rope_type` before `rope_scaling`, whose older name `type` says nothing then, nor does `truncate`.
    const angles = (type: LayerType, theta: number) =>
      rotaryAngles(
        [rope_parameters?.[type] ?? { rope_type: 'default' }, rope_scaling, { truncate: true }],
        theta,
        shape,
      );
    return {
      hidden_size,
      num_attention_heads,
      num_hidden_layers,
      intermediate_size: fields.intermediate_size,
      hidden_act: fields.hidden_activation,
      type_vocab_size: 0,
      layer_norm_eps: norm_eps,
      // There is dropout in other places.
      hidden_dropout_prob: 0,
      attention_probs_dropout_prob: fields.attention_dropout,
      norm_bias: fields.norm_bias,
      attention_bias: fields.attention_bias,
      mlp_bias: fields.mlp_bias,
      embedding_dropout: fields.embedding_dropout,
      mlp_dropout: fields.mlp_dropout,
      reach: fields.sliding_window ?? Math.floor(fields.local_attention / 2),
      layer_types: typesOf(fields.layer_types, num_hidden_layers, fields.global_attn_every_n_layers),
      angles: {
        full_attention: angles('full_attention', fields.global_rope_theta),
        sliding_attention: angles('sliding_attention', fields.local_rope_theta),
      },
      head: {
        bias: fields.classifier_bias,
        activation: fields.classifier_activation,
        norm: { eps: norm_eps, bias: fields.norm_bias },
      },
      classifier_pooling: fields.classifier_pooling,
    };
  },
  build(path, config) {
    const { hidden_size: hidden, vocab_size, pad_token_id, layer_types, angles } = config;
    const form = { eps: config.layer_norm_eps, bias: config.norm_bias };
    const tables = path.at('embeddings');
    const embeddings = new UnplacedEmbeddings(tables.prefix, config, {
      words: new EmbeddingPoint(tables.at('tok_embeddings'), vocab_size, hidden, pad_token_id),
      tokenTypes: null,
      norm: layerNormOf(tables.at('norm'), hidden, form),
      dropout: config.embedding_dropout,
    });
    const schemes: Readonly<Record<LayerType, Scheme>> = {
      full_attention: new Rotary(angles.full_attention).before(toAll),
      sliding_attention: new Rotary(angles.sliding_attention).before(localAttention(config.reach)),
    };
    const layers = layer_types.map((type, i) =>
      modernBertLayer(path.at(`layers.${i}`), config, i === 0, schemes[type]),
    );
    const norm = layerNormOf(path.at('final_norm'), hidden, form);
    return new Encoder(path.prefix, config, { embeddings, layers, finalNorm: (x) => norm.forward(x) });
  },
  heads({ head, classifier_dropout, classifier_pooling }) {
    const norm = head.norm.bias ? ['head.norm.weight', 'head.norm.bias'] : ['head.norm.weight'];
    const layers: readonly HeadLayer[] = [
      {
        at: 'head',
        tensors: ['head.dense.weight', ...(head.bias ? ['head.dense.bias'] : []), ...norm],
        build: (path, hidden) => new PredictionHead(path, hidden, head),
      },
      { at: 'classifier', dropout: classifier_dropout ?? 0 }, // [labels, hidden]
    ];
    return { text: layers, choice: layers, token: layers, answer: layers, pooling: classifier_pooling };
  },
  layers: ({ num_hidden_layers: count }) => ({ at: 'layers', field: 'num_hidden_layers', count }),
};
