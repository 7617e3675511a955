import { ConfigFields, type ConfigJson, fieldError } from './config-fields.ts';
import { type GenerationSettings, parseGenerationSettings } from './generation/settings.ts';

/** The fields of a Hugging Face `config.json` of BART that the forward pass reads. */
export interface BartConfig {
  readonly model_type: 'bart';
  readonly vocab_size: number;
  readonly d_model: number;
  readonly encoder_layers: number;
  readonly decoder_layers: number;
  readonly encoder_attention_heads: number;
  readonly decoder_attention_heads: number;
  readonly encoder_ffn_dim: number;
  readonly decoder_ffn_dim: number;
  readonly activation_function: string;
  /** Tokens of the longest sequence on either side. */
  readonly max_position_embeddings: number;
  readonly dropout: number;
  readonly attention_dropout: number;
  readonly activation_dropout: number;
  /** Token embeddings are multiplied with √d_model. */
  readonly scale_embedding: boolean;
  readonly pad_token_id: number;
  readonly eos_token_id: number;
  /** What stands before the first token of the decoder's input. */
  readonly decoder_start_token_id: number;
  /** How texts are generated where nothing else is asked for. */
  readonly generation: Partial<GenerationSettings>;
}

const GENERATION_CONFIG = 'generation_config.json';

/**
 * Reads the configuration of BART.
 *
 * @param generation the content of `generation_config.json`, whose fields go before those of `config.json`
 * @throws InputError naming the field if the model type is another one, a size is missing or an option is not implemented
 */
export function parseBartConfig(json: ConfigJson, generation: ConfigJson = {}): BartConfig {
  if (json.model_type !== 'bart') throw fieldError('model_type', json.model_type, 'bart');
  const fields = new ConfigFields(json);
  fields.only('normalize_before', false);
  fields.only('add_final_layer_norm', false);
  fields.only('normalize_embedding', true);
  fields.only('static_position_embeddings', false);
  fields.only('tie_word_embeddings', true);
  fields.only('encoder_layerdrop', 0);
  fields.only('decoder_layerdrop', 0);
  const d_model = fields.size('d_model');
  const width = { name: 'd_model', value: d_model };
  return {
    model_type: 'bart',
    vocab_size: fields.size('vocab_size'),
    d_model,
    encoder_layers: fields.size('encoder_layers'),
    decoder_layers: fields.size('decoder_layers'),
    encoder_attention_heads: fields.heads('encoder_attention_heads', width),
    decoder_attention_heads: fields.heads('decoder_attention_heads', width),
    encoder_ffn_dim: fields.size('encoder_ffn_dim'),
    decoder_ffn_dim: fields.size('decoder_ffn_dim'),
    activation_function: fields.activation('activation_function'),
    max_position_embeddings: fields.size('max_position_embeddings'),
    dropout: fields.probability('dropout', 0.1),
    attention_dropout: fields.probability('attention_dropout', 0),
    activation_dropout: fields.probability('activation_dropout', 0),
    scale_embedding: json.scale_embedding === true,
    pad_token_id: fields.number('pad_token_id', 1),
    eos_token_id: fields.number('eos_token_id', 2),
    decoder_start_token_id: new ConfigFields(generation, GENERATION_CONFIG).number(
      'decoder_start_token_id',
      fields.number('decoder_start_token_id', 2),
    ),
    generation: { ...parseGenerationSettings(json), ...parseGenerationSettings(generation, GENERATION_CONFIG) },
  };
}
