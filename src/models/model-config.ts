import { type BartConfig, parseBartConfig } from './bart-config.ts';
import { type EncoderConfig, parseEncoderConfig } from './config.ts';
import type { ConfigJson } from './config-json.ts';
import { longestOf } from './positions.ts';

/** The configuration of any model there is. */
export type ModelConfig = EncoderConfig | BartConfig;

/** @throws InputError naming the field, as {@link parseEncoderConfig} and {@link parseBartConfig} */
export function parseModelConfig(json: ConfigJson, file = 'config.json'): ModelConfig {
  if (json.model_type === 'bart')
    return parseBartConfig(json, {}, { config: file, generation: 'generation_config.json' });
  return parseEncoderConfig(json, file);
}

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
  config.model_type === 'bart'
    ? {
        hidden: config.d_model,
        inner: Math.max(config.encoder_ffn_dim, config.decoder_ffn_dim),
        count: config.encoder_layers + config.decoder_layers,
      }
    : { hidden: config.hidden_size, inner: config.intermediate_size, count: config.num_hidden_layers };

/** The longest sequence that a model has positions for, special tokens included. */
export const longestSequence = (config: ModelConfig): number =>
  config.model_type === 'bart' ? config.max_position_embeddings : longestOf(config);
