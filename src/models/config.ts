import * as v from 'valibot';
import { nonNegative, parseWith, positiveInteger, probability, wholeNumber } from '../settings/index.ts';
import { checkArchitectures, type StatedClass, statedClass } from './checkpoint-class.ts';
import { activationName, type ConfigJson, fieldError, only, optional } from './config-json.ts';
import { commonRefusals, generationFields, harmlessFields, pipelinePrefix, unknownFields } from './config-table.ts';
import { parseLabels } from './labels.ts';

/** The meaning of the outputs of a classification head, by the names of Hugging Face. */
export const problemTypes = ['single_label_classification', 'multi_label_classification', 'regression'] as const;
export type ProblemType = (typeof problemTypes)[number];

/** The schema of the files of an encoder. Fields that may be left out have the defaults of Hugging Face. */
const encoderSchema = v.pipe(
  v.object({
    vocab_size: positiveInteger,
    hidden_size: positiveInteger,
    num_hidden_layers: positiveInteger,
    num_attention_heads: positiveInteger,
    intermediate_size: positiveInteger,
    hidden_act: optional(activationName, 'gelu'),
    max_position_embeddings: positiveInteger,
    type_vocab_size: optional(positiveInteger, 2),
    layer_norm_eps: optional(nonNegative, 1e-12),
    pad_token_id: optional(wholeNumber, null),
    hidden_dropout_prob: optional(probability, 0.1),
    attention_probs_dropout_prob: optional(probability, 0.1),
    /** Null: as `hidden_dropout_prob`. */
    classifier_dropout: optional(probability, null),
    /** Null: as the number of outputs says. */
    problem_type: optional(v.picklist(problemTypes, `one of ${problemTypes.join(', ')}`), null),
    ...commonRefusals,
    is_decoder: only(false, 'attention to earlier tokens alone is not supported'),
    is_encoder_decoder: only(false, 'an encoder has no decoder'),
    position_embedding_type: only('absolute', 'other kinds of positions are not supported'),
  }),
  v.forward(
    v.partialCheck(
      [['hidden_size'], ['num_attention_heads']],
      ({ hidden_size, num_attention_heads }) => hidden_size % num_attention_heads === 0,
      'a divisor of hidden_size',
    ),
    ['num_attention_heads'],
  ),
);

type EncoderFields = Omit<
  v.InferOutput<typeof encoderSchema>,
  keyof typeof commonRefusals | 'is_decoder' | 'is_encoder_decoder' | 'position_embedding_type' | 'pad_token_id'
>;

/** The fields of a Hugging Face `config.json` of a BERT or RoBERTa encoder that the forward pass reads, and what they say of its head. */
export interface EncoderConfig extends Readonly<EncoderFields> {
  readonly model_type: 'bert' | 'roberta';
  readonly pad_token_id: number;
  /** The Python class of the checkpoint, and what its head is for. */
  readonly stated: StatedClass;
  /** Class names in the order of the outputs, or null when the file names none. */
  readonly labels: readonly string[] | null;
  /** Lines on assumptions, and on fields that are not followed. */
  readonly warnings: readonly string[];
}

const padTokenId = { bert: 0, roberta: 1 };

const knownFields = new Set([
  ...Object.keys(encoderSchema.pipe[0].entries),
  ...harmlessFields,
  ...generationFields,
  ...['model_type', 'prefix'],
]);

/**
 * Reads the configuration of a supported encoder: every field that changes what is computed is followed, or refused by its name.
 *
 * @param file for messages
 * @throws InputError naming the field if the model type is unsupported, a size is missing or an option is not implemented
 */
export function parseEncoderConfig(json: ConfigJson, file = 'config.json'): EncoderConfig {
  const { model_type } = json;
  if (model_type !== 'bert' && model_type !== 'roberta') {
    throw fieldError('model_type', model_type, 'bert or roberta', file);
  }
  checkArchitectures(json, model_type, file);
  const fields = parseWith(encoderSchema, json, file);
  const pad_token_id = fields.pad_token_id ?? padTokenId[model_type];
  if (pad_token_id >= fields.vocab_size) {
    throw fieldError('pad_token_id', pad_token_id, `one of the ${fields.vocab_size} tokens`, file);
  }
  if (model_type === 'roberta' && fields.max_position_embeddings <= pad_token_id + 1) {
    throw fieldError('max_position_embeddings', fields.max_position_embeddings, `above ${pad_token_id + 1}`, file);
  }
  const { labels, warnings } = parseLabels(json, file);
  return {
    model_type,
    vocab_size: fields.vocab_size,
    hidden_size: fields.hidden_size,
    num_hidden_layers: fields.num_hidden_layers,
    num_attention_heads: fields.num_attention_heads,
    intermediate_size: fields.intermediate_size,
    hidden_act: fields.hidden_act,
    max_position_embeddings: fields.max_position_embeddings,
    type_vocab_size: fields.type_vocab_size,
    layer_norm_eps: fields.layer_norm_eps,
    pad_token_id,
    hidden_dropout_prob: fields.hidden_dropout_prob,
    attention_probs_dropout_prob: fields.attention_probs_dropout_prob,
    classifier_dropout: fields.classifier_dropout,
    problem_type: fields.problem_type,
    stated: statedClass(json, model_type),
    labels,
    warnings: [...warnings, ...unknownFields(json, knownFields, file), ...pipelinePrefix(json, file)],
  };
}
