import { InputError } from '../errors.ts';
import type { ParameterPath } from '../nn/index.ts';
import { Embedding, LayerNorm } from '../nn/index.ts';
import { activation } from '../ops/activations.ts';
import { boolean, positiveInteger, printable, probability } from '../settings/index.ts';
import { AttentionPoint, ProjectionPoint, ResidualPoint } from './attachments.ts';
import { activationName, only, optional } from './config-json.ts';
import { EncoderDecoder, type StackParts } from './encoder-decoder.ts';
import {
  defineSeq2Seq,
  type EncoderDecoderConfig,
  type EncoderDecoderSizes,
  type Seq2SeqFields,
} from './encoder-decoder-config.ts';
import { DecoderSideLayer, EncoderSideLayer } from './encoder-decoder-layers.ts';
import { KeyValueAttention } from './parts/key-value-attention.ts';
import { BiasedOutput } from './parts/output-layer.ts';
import { TwoLayers } from './parts/perceptron.ts';
import { LearnedPositions, type PositionTable } from './parts/position-table.ts';
import { NormAfter, type NormBefore } from './parts/residual.ts';
import { TokenEmbeddings } from './parts/token-embeddings.ts';

/** The rows of the position table that come before the first position: a left-over of fairseq's padding ids. */
export const FAIRSEQ_OFFSET = 2;
/** Of every norm. */
export const LAYER_NORM_EPS = 1e-5;

/** What the relatives of BART do in different ways. */
export interface BartStyle {
  /** The norm after each sublayer, or before it. */
  readonly residual: typeof NormAfter | typeof NormBefore;
  /** The vectors of positions of a stack at `path`. */
  readonly positions: (path: ParameterPath, config: EncoderDecoderConfig) => PositionTable;
  /** Whether the embeddings are normalised: `layernorm_embedding`. */
  readonly normalisesEmbeddings: boolean;
  /** Whether the output of a stack is normalised: `layer_norm`. */
  readonly normalisesOutput: boolean;
}

type Side = 'encoder' | 'decoder';

const norm = (path: ParameterPath, { d_model }: EncoderDecoderConfig) => new LayerNorm(path, d_model, LAYER_NORM_EPS); // [hidden]

/** Attention at `model.encoder.layers.0.self_attn`, its projections [hidden, hidden]. */
function attention(
  path: ParameterPath,
  config: EncoderDecoderConfig,
  stack: 'encoder' | 'self' | 'cross',
): KeyValueAttention {
  const { d_model, attention_dropout, dropout } = config;
  const heads = stack === 'encoder' ? config.encoder_attention_heads : config.decoder_attention_heads;
  const projection = (name: string) => new ProjectionPoint(path.at(name), d_model, d_model);
  const [query, key, value] = [projection('q_proj'), projection('k_proj'), projection('v_proj')];
  return new KeyValueAttention({
    ...{ query, key, value, out: projection('out_proj') },
    seen: new AttentionPoint(path.prefix, stack, d_model),
    heads,
    scale: 1 / Math.sqrt(d_model / heads),
    dropout: attention_dropout,
    outputDropout: dropout,
  });
}

/** The sublayers of a layer at `model.encoder.layers.0`, in the order of their parameters. */
function sublayers(path: ParameterPath, config: EncoderDecoderConfig, { residual: Residual }: BartStyle, side: Side) {
  const { d_model, activation_function, activation_dropout, dropout } = config;
  const inner = config[`${side}_ffn_dim`];
  const end = (name: string, sublayer: 'attention' | 'feedForward') =>
    new ResidualPoint(path.at(name).prefix, sublayer, d_model);
  return {
    attention: () => ({
      inside: attention(path.at('self_attn'), config, side === 'encoder' ? 'encoder' : 'self'),
      residual: new Residual(norm(path.at('self_attn_layer_norm'), config), end('attention_adapters', 'attention')),
    }),
    crossAttention: () => ({
      inside: attention(path.at('encoder_attn'), config, 'cross'),
      residual: new Residual(norm(path.at('encoder_attn_layer_norm'), config), null),
    }),
    perceptron: () => ({
      inside: new TwoLayers(
        new ProjectionPoint(path.at('fc1'), d_model, inner), // [inner, hidden]
        new ProjectionPoint(path.at('fc2'), inner, d_model), // [hidden, inner]
        activation(activation_function),
        { inner: activation_dropout, output: dropout },
      ),
      residual: new Residual(norm(path.at('final_layer_norm'), config), end('output_adapters', 'feedForward')),
    }),
  };
}

/** A stack at `model.encoder`, its layers at `model.encoder.layers.0` and so on. */
function stack<Layer>(
  path: ParameterPath,
  config: EncoderDecoderConfig,
  style: BartStyle,
  { tokens, side, layer }: { tokens: Embedding; side: Side; layer: (path: ParameterPath) => Layer },
): StackParts<Layer> {
  const { scale_embedding, d_model, dropout } = config;
  const positions = style.positions(path.at('embed_positions'), config); // [positions, hidden]
  const embeddings = new TokenEmbeddings(path.prefix, side === 'encoder' ? 'encoder' : 'self', {
    tokens,
    scale: scale_embedding ? Math.sqrt(d_model) : 1,
    positions,
    norm: style.normalisesEmbeddings ? norm(path.at('layernorm_embedding'), config) : undefined,
    dropout,
  });
  const layers = Array.from({ length: config[`${side}_layers`] }, (_, i) => layer(path.at(`layers.${i}`)));
  return { embeddings, layers, finalNorm: style.normalisesOutput ? norm(path.at('layer_norm'), config) : undefined };
}

/** The tables of tokens at `model`: one for both sides, or one for each. The decoder's makes the output too. */
function tokenTables(path: ParameterPath, config: EncoderDecoderConfig): Readonly<Record<Side, Embedding>> {
  const { d_model, pad_token_id, vocab_size, decoder_vocab_size, shares_tables } = config;
  const table = (name: string, rows: number) => new Embedding(path.at(name), rows, d_model, pad_token_id); // [rows, hidden]
  if (!shares_tables) {
    return {
      encoder: table('encoder.embed_tokens', vocab_size),
      decoder: table('decoder.embed_tokens', decoder_vocab_size),
    };
  }
  const shared = table('shared', vocab_size);
  return { encoder: shared, decoder: shared };
}

/** BART or a relative of it, at `model` in a checkpoint. */
export const bartModel =
  (style: BartStyle) =>
  (root: ParameterPath, config: EncoderDecoderConfig): EncoderDecoder => {
    const path = root.at('model');
    const tables = tokenTables(path, config);
    const encoder = stack(path.at('encoder'), config, style, {
      tokens: tables.encoder,
      side: 'encoder',
      layer: (place) => {
        const parts = sublayers(place, config, style, 'encoder');
        return new EncoderSideLayer({ attention: parts.attention(), perceptron: parts.perceptron() });
      },
    });
    const decoder = stack(path.at('decoder'), config, style, {
      tokens: tables.decoder,
      side: 'decoder',
      layer: (place) => {
        const parts = sublayers(place, config, style, 'decoder');
        return new DecoderSideLayer({
          attention: parts.attention(),
          crossAttention: parts.crossAttention(),
          perceptron: parts.perceptron(),
        });
      },
    });
    const output = new BiasedOutput(root, tables.decoder.weight);
    return new EncoderDecoder(path.prefix, config, { encoder, decoder, output });
  };

/** The fields of BART and its relatives that are followed. Those that may be left out have the defaults of Hugging Face. */
export const bartEntries = {
  vocab_size: positiveInteger,
  d_model: positiveInteger,
  encoder_layers: positiveInteger,
  decoder_layers: positiveInteger,
  encoder_attention_heads: positiveInteger,
  decoder_attention_heads: positiveInteger,
  encoder_ffn_dim: positiveInteger,
  decoder_ffn_dim: positiveInteger,
  activation_function: optional(activationName, 'gelu'),
  /** Tokens of the longest sequence on either side. */
  max_position_embeddings: positiveInteger,
  dropout: optional(probability, 0.1),
  attention_dropout: optional(probability, 0),
  activation_dropout: optional(probability, 0),
  scale_embedding: optional(boolean, false),
  add_bias_logits: only(false),
  do_blenderbot_90_layernorm: only(false),
  tie_word_embeddings: only(true),
  encoder_layerdrop: only(0),
  decoder_layerdrop: only(0),
  extra_pos_embeddings: only(2),
};

/** Fields of the relatives of BART that change nothing. */
export const bartHarmless = ['num_attention_heads', 'classif_dropout'];

/** The sizes of a file of BART or a relative. @throws InputError for heads that do not divide the width */
export function bartSizes(
  fields: Seq2SeqFields<typeof bartEntries>,
  file: string,
): EncoderDecoderSizes & { readonly vocab_size: number } {
  for (const name of ['encoder_attention_heads', 'decoder_attention_heads'] as const) {
    if (fields.d_model % fields[name] !== 0)
      throw new InputError(`${printable(file)}: ${name} must be a divisor of d_model, not ${fields[name]}.`);
  }
  return {
    vocab_size: fields.vocab_size,
    d_model: fields.d_model,
    encoder_layers: fields.encoder_layers,
    decoder_layers: fields.decoder_layers,
    encoder_attention_heads: fields.encoder_attention_heads,
    decoder_attention_heads: fields.decoder_attention_heads,
    encoder_ffn_dim: fields.encoder_ffn_dim,
    decoder_ffn_dim: fields.decoder_ffn_dim,
    activation_function: fields.activation_function,
    max_position_embeddings: fields.max_position_embeddings,
    first_position: FAIRSEQ_OFFSET,
    dropout: fields.dropout,
    attention_dropout: fields.attention_dropout,
    activation_dropout: fields.activation_dropout,
    scale_embedding: fields.scale_embedding,
    decoder_vocab_size: fields.vocab_size,
    shares_tables: true,
  };
}

/** Names of the table that all relatives of BART have, which is their output layer too. */
const sharedTable = {
  'model.shared.weight': ['model.encoder.embed_tokens.weight', 'model.decoder.embed_tokens.weight', 'lm_head.weight'],
};

/** What the relatives of BART have in common. */
export const bartLayout = {
  harmless: bartHarmless,
  prefix: 'model',
  tied: ({ shares_tables }: EncoderDecoderConfig): Readonly<Record<string, readonly string[]>> =>
    shares_tables ? sharedTable : { 'model.decoder.embed_tokens.weight': ['lm_head.weight'] },
  stack: (side: Side) => ({ at: `${side}.layers`, field: `${side}_layers` }),
  deviation: { field: 'init_std', value: 0.02 },
} as const;

/** The positions of BART and mBART: learned, `embed_positions` [2 + positions, hidden]. */
export const fairseqPositions: BartStyle['positions'] = (path, { max_position_embeddings, d_model }) =>
  new LearnedPositions(path, max_position_embeddings, d_model, FAIRSEQ_OFFSET);

const entries = {
  ...bartEntries,
  normalize_before: only(false),
  add_final_layer_norm: only(false),
  normalize_embedding: only(true),
  static_position_embeddings: only(false),
};

/** BART (Lewis et al., 2020). */
export const bart = defineSeq2Seq<EncoderDecoderConfig, typeof entries>({
  ...bartLayout,
  type: 'bart',
  title: 'BART',
  entries,
  tokens: { pad_token_id: 1, eos_token_id: 2, decoder_start_token_id: 2 },
  wrapsTargets: false,
  generation: {},
  sizes: bartSizes,
  build: bartModel({
    residual: NormAfter,
    positions: fairseqPositions,
    normalisesEmbeddings: true,
    normalisesOutput: false,
  }),
});
