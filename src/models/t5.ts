import * as v from 'valibot';
import { Embedding, normalInit, type ParameterPath, RmsNorm } from '../nn/index.ts';
import { type ActivationName, activation, activations } from '../ops/activations.ts';
import { boolean, positiveInteger, positiveNumber, probability } from '../settings/index.ts';
import { AttentionPoint, ProjectionPoint, ResidualPoint } from './attachments.ts';
import { activationName, optional } from './config-json.ts';
import { EncoderDecoder, type StackParts } from './encoder-decoder.ts';
import { defineSeq2Seq, type EncoderDecoderConfig } from './encoder-decoder-config.ts';
import { DecoderSideLayer, EncoderSideLayer } from './encoder-decoder-layers.ts';
import { KeyValueAttention, type Scheme } from './parts/key-value-attention.ts';
import { ScaledOutput } from './parts/output-layer.ts';
import { GatedLayers, type Perceptron, TwoLayers } from './parts/perceptron.ts';
import { RelativeBias } from './parts/relative-bias.ts';
import { NormBefore } from './parts/residual.ts';
import { TokenEmbeddings } from './parts/token-embeddings.ts';

/** What a file of T5 says beside the sizes of all encoder-decoders. */
export interface T5Config extends EncoderDecoderConfig {
  /** The width of a head, of which all together need not be as wide as the model. */
  readonly d_kv: number;
  readonly is_gated: boolean;
  readonly layer_norm_epsilon: number;
  readonly relative_attention_num_buckets: number;
  readonly relative_attention_max_distance: number;
  /** Whether the decoder's output is divided by √d_model before the output layer. */
  readonly scale_decoder_outputs: boolean;
}

type Side = 'encoder' | 'decoder';

const norm = (path: ParameterPath, { d_model, layer_norm_epsilon }: T5Config) =>
  new RmsNorm(path, d_model, layer_norm_epsilon); // [hidden]

const projection = (path: ParameterPath, inner: number, outer: number, deviation: number) =>
  new ProjectionPoint(path, inner, outer, { bias: false, first: normalInit(deviation) }); // [outer, inner]

/** Attention at `encoder.block.0.layer.0.SelfAttention`; scores are not scaled. */
function attention(path: ParameterPath, config: T5Config, stack: 'encoder' | 'self' | 'cross', scheme?: Scheme) {
  const { d_model, d_kv, encoder_attention_heads: heads, attention_dropout, dropout } = config;
  const width = heads * d_kv;
  return new KeyValueAttention({
    query: projection(path.at('q'), d_model, width, (d_model * d_kv) ** -0.5),
    key: projection(path.at('k'), d_model, width, d_model ** -0.5),
    value: projection(path.at('v'), d_model, width, d_model ** -0.5),
    out: projection(path.at('o'), width, d_model, width ** -0.5),
    seen: new AttentionPoint(path.prefix, stack, width),
    heads,
    scale: 1,
    dropout: attention_dropout,
    outputDropout: dropout,
    scheme,
  });
}

/** The perceptron at `encoder.block.0.layer.1.DenseReluDense`, plain or gated. */
function perceptron(path: ParameterPath, config: T5Config, inner: number): Perceptron {
  const { d_model, activation_function, activation_dropout, dropout: output } = config;
  const [act, p] = [activation(activation_function), { inner: activation_dropout, output }];
  const wide = (name: string) => projection(path.at(name), d_model, inner, d_model ** -0.5);
  const end = () => projection(path.at('wo'), inner, d_model, inner ** -0.5);
  return config.is_gated
    ? new GatedLayers(wide('wi_0'), wide('wi_1'), end(), act, p)
    : new TwoLayers(wide('wi'), end(), act, p);
}

/** A stack at `encoder`, its layers at `encoder.block.0` and so on, each sublayer with its norm before it. */
function stack<Layer>(
  path: ParameterPath,
  config: T5Config,
  { tokens, side, layer }: { tokens: Embedding; side: Side; layer: (path: ParameterPath, scheme: Scheme) => Layer },
): StackParts<Layer> {
  const { dropout, encoder_attention_heads: heads, d_model } = config;
  // The first layer has the table of all.
  const bias = new RelativeBias(
    path.at('block.0.layer.0.SelfAttention.relative_attention_bias'), // [buckets, heads]
    {
      count: config.relative_attention_num_buckets,
      farthest: config.relative_attention_max_distance,
      isTwoSided: side === 'encoder',
    },
    heads,
    normalInit(d_model ** -0.5),
  );
  return {
    embeddings: new TokenEmbeddings(path.prefix, side === 'encoder' ? 'encoder' : 'self', { tokens, dropout }),
    layers: Array.from({ length: config[`${side}_layers`] }, (_, i) => layer(path.at(`block.${i}`), bias.scheme)),
    finalNorm: norm(path.at('final_layer_norm'), config),
    outputDropout: dropout,
  };
}

/** The sublayer `layer.0` of a block, with what is around it. */
function sublayer<Inside>(
  path: ParameterPath,
  config: T5Config,
  inside: (path: ParameterPath) => Inside,
  adapted: 'attention' | 'feedForward' | null,
) {
  const point = adapted && new ResidualPoint(path.prefix, adapted, config.d_model);
  return { inside: inside(path), residual: new NormBefore(norm(path.at('layer_norm'), config), point) };
}

/** T5 at the root of a checkpoint. */
function build(root: ParameterPath, config: T5Config): EncoderDecoder {
  const { vocab_size, d_model, encoder_ffn_dim: inner, scale_decoder_outputs } = config;
  const tokens = new Embedding(root.at('shared'), vocab_size, d_model, undefined, normalInit(1)); // [vocab, hidden]
  const encoder = stack(root.at('encoder'), config, {
    tokens,
    side: 'encoder',
    layer: (path, scheme) =>
      new EncoderSideLayer({
        attention: sublayer(
          path.at('layer.0'),
          config,
          (at) => attention(at.at('SelfAttention'), config, 'encoder', scheme),
          'attention',
        ),
        perceptron: sublayer(
          path.at('layer.1'),
          config,
          (at) => perceptron(at.at('DenseReluDense'), config, inner),
          'feedForward',
        ),
      }),
  });
  const decoder = stack(root.at('decoder'), config, {
    tokens,
    side: 'decoder',
    layer: (path, scheme) =>
      new DecoderSideLayer({
        attention: sublayer(
          path.at('layer.0'),
          config,
          (at) => attention(at.at('SelfAttention'), config, 'self', scheme),
          'attention',
        ),
        crossAttention: sublayer(
          path.at('layer.1'),
          config,
          (at) => attention(at.at('EncDecAttention'), config, 'cross'),
          null,
        ),
        perceptron: sublayer(
          path.at('layer.2'),
          config,
          (at) => perceptron(at.at('DenseReluDense'), config, inner),
          'feedForward',
        ),
      }),
  });
  // Files of v1.1 and flan have an output layer of their own, whatever tie_word_embeddings is.
  const isOwn = root.has('lm_head.weight') ?? !scale_decoder_outputs;
  const table = isOwn ? root.at('lm_head').parameter('weight', [vocab_size, d_model], normalInit(1)) : tokens.weight;
  const output = new ScaledOutput(table, scale_decoder_outputs ? d_model ** -0.5 : 1);
  return new EncoderDecoder('transformer', config, { encoder, decoder, output });
}

/** `relu`, `gated-gelu` and so on: the gelu of a gate is the approximation with tanh, as in the original. */
function perceptronKind(named: string): { readonly is_gated: boolean; readonly activation_function: ActivationName } {
  const [, gate, name] = /^(gated-)?(.*)$/.exec(named) ?? [];
  const isGated = gate !== undefined;
  return { is_gated: isGated, activation_function: (isGated && name === 'gelu' ? 'gelu_new' : name) as ActivationName };
}

const perceptrons = Object.keys(activations).join(', ');

const entries = {
  vocab_size: positiveInteger,
  d_model: positiveInteger,
  d_kv: optional(positiveInteger, 64),
  d_ff: positiveInteger,
  num_layers: positiveInteger,
  /** Null: as `num_layers`. */
  num_decoder_layers: optional(positiveInteger, null),
  num_heads: positiveInteger,
  relative_attention_num_buckets: optional(v.pipe(positiveInteger, v.minValue(4, '4 or more')), 32),
  relative_attention_max_distance: optional(positiveInteger, 128),
  dropout_rate: optional(probability, 0.1),
  layer_norm_epsilon: optional(positiveNumber, 1e-6),
  feed_forward_proj: optional(
    v.pipe(
      v.string('a text'),
      v.check(
        (named) => Object.hasOwn(activations, perceptronKind(named).activation_function),
        `one of ${perceptrons}, or one of them after gated-`,
      ),
    ),
    'relu',
  ),
  /** Null: as `feed_forward_proj`. What transformers saves of these two goes before it. */
  dense_act_fn: optional(activationName, null),
  is_gated_act: optional(boolean, null),
  tie_word_embeddings: optional(boolean, true),
  /** Null: as `tie_word_embeddings`. */
  scale_decoder_outputs: optional(boolean, null),
};

/** T5 (Raffel et al., 2020), with the gated perceptron and an output layer of its own T5 v1.1 and flan-T5. */
export const t5 = defineSeq2Seq<T5Config, typeof entries>({
  type: 't5',
  title: 'T5',
  entries,
  // `n_positions` and the names of pre-training have no part.
  harmless: ['n_positions', 'num_heads', 'head_dim', 'output_past', 'initializer_factor'],
  tokens: { pad_token_id: 0, eos_token_id: 1, decoder_start_token_id: 0 },
  wrapsTargets: false,
  generation: {},
  sizes(fields) {
    const { d_model, d_ff, num_layers, num_heads, dropout_rate } = fields;
    const kind = perceptronKind(fields.feed_forward_proj);
    return {
      vocab_size: fields.vocab_size,
      d_model,
      encoder_layers: num_layers,
      decoder_layers: fields.num_decoder_layers ?? num_layers,
      encoder_attention_heads: num_heads,
      decoder_attention_heads: num_heads,
      encoder_ffn_dim: d_ff,
      decoder_ffn_dim: d_ff,
      is_gated: fields.is_gated_act ?? kind.is_gated,
      activation_function: fields.dense_act_fn ?? kind.activation_function,
      max_position_embeddings: Number.POSITIVE_INFINITY,
      first_position: 0,
      dropout: dropout_rate,
      attention_dropout: dropout_rate,
      activation_dropout: dropout_rate,
      scale_embedding: false,
      decoder_vocab_size: fields.vocab_size,
      shares_tables: true,
      d_kv: fields.d_kv,
      layer_norm_epsilon: fields.layer_norm_epsilon,
      relative_attention_num_buckets: fields.relative_attention_num_buckets,
      relative_attention_max_distance: fields.relative_attention_max_distance,
      scale_decoder_outputs: fields.scale_decoder_outputs ?? fields.tie_word_embeddings,
    };
  },
  prefix: null,
  tied: () => ({ 'shared.weight': ['encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'] }),
  stack: (side) => ({ at: `${side}.block`, field: side === 'encoder' ? 'num_layers' : 'num_decoder_layers' }),
  deviation: { field: 'initializer_factor', value: 1 },
  build,
});
