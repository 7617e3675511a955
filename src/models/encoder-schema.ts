import * as v from 'valibot';
import { nonNegative, parseWith, positiveInteger, probability, wholeNumber } from '../settings/index.ts';
import { activationName, only, optional } from './config-json.ts';
import { commonRefusals } from './config-table.ts';

/** The meaning of the outputs of a classification head, by the names of Hugging Face. */
export const problemTypes = ['single_label_classification', 'multi_label_classification', 'regression'] as const;
export type ProblemType = (typeof problemTypes)[number];

/** The fields of `config.json` that every encoder has, under the same names. */
export const commonEntries = {
  vocab_size: positiveInteger,
  max_position_embeddings: positiveInteger,
  pad_token_id: optional(wholeNumber, null),
  /** Null: as the dropout of hidden states. */
  classifier_dropout: optional(probability, null),
  /** Null: as the number of outputs says. */
  problem_type: optional(v.picklist(problemTypes, `one of ${problemTypes.join(', ')}`), null),
  ...commonRefusals,
  is_decoder: only(false, 'attention to earlier tokens alone is not supported'),
  is_encoder_decoder: only(false, 'an encoder has no decoder'),
};

/** The sizes under BERT's names. Fields that may be left out have the defaults of Hugging Face. */
const bertSizeEntries = {
  hidden_size: positiveInteger,
  num_hidden_layers: positiveInteger,
  num_attention_heads: positiveInteger,
  intermediate_size: positiveInteger,
  hidden_act: optional(activationName, 'gelu'),
  type_vocab_size: optional(positiveInteger, 2),
  layer_norm_eps: optional(nonNegative, 1e-12),
  hidden_dropout_prob: optional(probability, 0.1),
  attention_probs_dropout_prob: optional(probability, 0.1),
};

const bertSizeSchema = v.object(bertSizeEntries);

/** The sizes of a file with BERT's names, without what else it says. */
export const bertSizes = (fields: unknown): v.InferOutput<typeof bertSizeSchema> =>
  parseWith(bertSizeSchema, fields, 'config.json');

/** What a file of BERT says of the encoder. */
export const bertEntries = {
  ...bertSizeEntries,
  position_embedding_type: only('absolute', 'other kinds of positions are not supported'),
};
