import { type BartConfig, parseBartConfig } from './bart-config.ts';
import { type EncoderConfig, parseEncoderConfig } from './config.ts';
import type { ConfigJson } from './config-json.ts';

/** The configuration of any model there is. */
export type ModelConfig = EncoderConfig | BartConfig;

/** @throws InputError naming the field, as {@link parseEncoderConfig} and {@link parseBartConfig} */
export function parseModelConfig(json: ConfigJson, file = 'config.json'): ModelConfig {
  if (json.model_type === 'bart')
    return parseBartConfig(json, {}, { config: file, generation: 'generation_config.json' });
  return parseEncoderConfig(json, file);
}

/** The width of a model: the length of a token's vector. */
export const modelWidth = (config: ModelConfig): number =>
  config.model_type === 'bart' ? config.d_model : config.hidden_size;

/** The longest sequence the position table has room for, special tokens included. RoBERTa's begins after the padding id. */
export function longestSequence({ model_type, max_position_embeddings, pad_token_id }: ModelConfig): number {
  return model_type === 'roberta' ? max_position_embeddings - pad_token_id - 1 : max_position_embeddings;
}
