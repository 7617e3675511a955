import { type EncoderConfig, parseEncoderConfig } from './config.ts';
import type { ConfigJson } from './config-json.ts';
import type { EncoderDecoderConfig } from './encoder-decoder-config.ts';
import { isEncoderDecoderType, parseEncoderDecoderConfig } from './encoder-decoders.ts';
import { longestOf } from './positions.ts';

/** The configuration of any model there is. */
export type ModelConfig = EncoderConfig | EncoderDecoderConfig;

/** @throws InputError naming the field, as {@link parseEncoderConfig} and {@link parseEncoderDecoderConfig} */
export function parseModelConfig(json: ConfigJson, file = 'config.json'): ModelConfig {
  if (isEncoderDecoderType(json.model_type)) {
    return parseEncoderDecoderConfig(json, {}, { config: file, generation: 'generation_config.json' });
  }
  return parseEncoderConfig(json, file);
}

/** Returns whether a model has a decoder beside its encoder. */
export const isEncoderDecoder = (config: ModelConfig): config is EncoderDecoderConfig => 'decoder_layers' in config;

/** The configuration with so many tokens. */
export const withTokens = <Config extends ModelConfig>(config: Config, vocab_size: number): Config => ({
  ...config,
  vocab_size,
  ...(isEncoderDecoder(config) && { decoder_vocab_size: vocab_size }),
});

/** The width of a model: the length of a token's vector. */
export const modelWidth = (config: ModelConfig): number => layerSizes(config).hidden;

/** The sizes of the layers of a model. */
export interface LayerWidths {
  readonly hidden: number;
  /** Of the perceptron, of the wider one where there are two. */
  readonly inner: number;
  /** The layers of all stacks. */
  readonly count: number;
}

export const layerSizes = (config: ModelConfig): LayerWidths =>
  isEncoderDecoder(config)
    ? {
        hidden: config.d_model,
        inner: Math.max(config.encoder_ffn_dim, config.decoder_ffn_dim),
        count: config.encoder_layers + config.decoder_layers,
      }
    : { hidden: config.hidden_size, inner: config.intermediate_size, count: config.num_hidden_layers };

/** The longest sequence that a model has positions for, special tokens included. */
export const longestSequence = (config: ModelConfig): number =>
  isEncoderDecoder(config) ? config.max_position_embeddings : longestOf(config);
