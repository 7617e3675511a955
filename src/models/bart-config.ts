import * as v from 'valibot';
import { boolean, parseWith, positiveInteger, probability, wholeNumber } from '../settings/index.ts';
import { checkArchitectures, type StatedClass, statedClass } from './checkpoint-class.ts';
import { activationName, type ConfigJson, fieldError, only, optional } from './config-json.ts';
import { commonRefusals, harmlessFields, pipelinePrefix, unknownFields } from './config-table.ts';
import { problemTypes } from './encoder-schema.ts';
import {
  type GenerationSettings,
  generationFieldNames,
  knownGenerationFields,
  legacyForcedBos,
  parseGenerationSettings,
  readGenerationTokens,
} from './generation/settings.ts';
import { parseLabels } from './labels.ts';

const refusals = {
  ...commonRefusals,
  is_decoder: only(false, 'a decoder alone is not supported'),
  is_encoder_decoder: only(true, 'one of the two alone is not supported'),
  normalize_before: only(false),
  add_final_layer_norm: only(false),
  normalize_embedding: only(true),
  static_position_embeddings: only(false),
  add_bias_logits: only(false),
  do_blenderbot_90_layernorm: only(false),
  tie_word_embeddings: only(true),
  encoder_layerdrop: only(0),
  decoder_layerdrop: only(0),
  extra_pos_embeddings: only(2),
};

/** The schema of the file of a BART. Fields that may be left out have the defaults of Hugging Face. */
const bartSchema = v.pipe(
  v.object({
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
    /** Token embeddings are multiplied with √d_model. */
    scale_embedding: optional(boolean, false),
    pad_token_id: optional(wholeNumber, 1),
    /** Of the head for classes of texts. */
    classifier_dropout: optional(probability, 0),
    /** Null: as the number of outputs says. */
    problem_type: optional(v.picklist(problemTypes, `one of ${problemTypes.join(', ')}`), null),
    ...refusals,
  }),
  v.forward(
    v.partialCheck(
      [['d_model'], ['encoder_attention_heads']],
      ({ d_model, encoder_attention_heads: heads }) => d_model % heads === 0,
      'a divisor of d_model',
    ),
    ['encoder_attention_heads'],
  ),
  v.forward(
    v.partialCheck(
      [['d_model'], ['decoder_attention_heads']],
      ({ d_model, decoder_attention_heads: heads }) => d_model % heads === 0,
      'a divisor of d_model',
    ),
    ['decoder_attention_heads'],
  ),
);

type BartFields = Omit<v.InferOutput<typeof bartSchema>, keyof typeof refusals>;

/** The fields of a Hugging Face `config.json` of BART that the forward pass reads, and what they say of its head. */
export interface BartConfig extends Readonly<BartFields> {
  readonly model_type: 'bart';
  readonly eos_token_id: number;
  /** The first token of the decoder's input. */
  readonly decoder_start_token_id: number;
  /** The Python class of the checkpoint, and what its head is for. */
  readonly stated: StatedClass;
  /** Class names in the order of the outputs, or null when the file names none. */
  readonly labels: readonly string[] | null;
  /** The defaults of generation. */
  readonly generation: Partial<GenerationSettings>;
  /** Lines on assumptions, and on fields that are not followed. */
  readonly warnings: readonly string[];
}

const knownFields = new Set([
  ...Object.keys(bartSchema.pipe[0].entries),
  ...harmlessFields,
  ...generationFieldNames,
  // Other names of sizes of the encoder, which Python writes too.
  ...[
    'model_type',
    'prefix',
    'hidden_size',
    'num_hidden_layers',
    'num_attention_heads',
    'classif_dropout',
    'eos_token_id',
    'decoder_start_token_id',
  ],
]);

/** Returns whether `generation_config.json` is more than a copy of fields of `config.json`; then Python reads no others. */
const decidesAlone = (generation: ConfigJson): boolean =>
  Object.keys(generation).length > 0 && generation._from_model_config !== true;

/**
 * Reads the configuration of BART: every field that changes what is computed is followed, or refused by its name.
 *
 * @param generation the content of `generation_config.json`; where there is one, `config.json` says of generation only which tokens
 *   begin and end a text, if it does not
 * @param files for messages
 * @throws InputError naming the field if the model type is another one, a size is missing or an option is not implemented
 */
export function parseBartConfig(
  json: ConfigJson,
  generation: ConfigJson = {},
  files = { config: 'config.json', generation: 'generation_config.json' },
): BartConfig {
  if (json.model_type !== 'bart') throw fieldError('model_type', json.model_type, 'bart', files.config);
  checkArchitectures(json, 'bart', files.config);
  const fields = parseWith(bartSchema, json, files.config);
  const own = readGenerationTokens(json, files.config);
  const ids = readGenerationTokens(generation, files.generation);
  const tokens = {
    pad_token_id: fields.pad_token_id,
    eos_token_id: ids.eos_token_id ?? own.eos_token_id ?? 2,
    decoder_start_token_id: ids.decoder_start_token_id ?? own.decoder_start_token_id ?? 2,
  };
  for (const [name, id] of Object.entries(tokens)) {
    if (id >= fields.vocab_size) throw fieldError(name, id, `one of the ${fields.vocab_size} tokens`, files.config);
  }
  const { labels, warnings } = parseLabels(json, files.config);
  return {
    model_type: 'bart',
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
    dropout: fields.dropout,
    attention_dropout: fields.attention_dropout,
    activation_dropout: fields.activation_dropout,
    scale_embedding: fields.scale_embedding,
    ...tokens,
    classifier_dropout: fields.classifier_dropout,
    problem_type: fields.problem_type,
    stated: statedClass(json, 'bart'),
    labels,
    generation: {
      ...(decidesAlone(generation) ? {} : { ...legacyForcedBos(json), ...parseGenerationSettings(json, files.config) }),
      ...parseGenerationSettings(generation, files.generation),
    },
    warnings: [
      ...warnings,
      ...unknownFields(json, knownFields, files.config),
      ...unknownFields(generation, knownGenerationFields, files.generation),
      ...pipelinePrefix(json, files.config),
    ],
  };
}
