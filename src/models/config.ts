import { InputError } from '../errors.ts';
import { activations } from '../ops/activations.ts';

/** The fields of a Hugging Face `config.json` of a BERT or RoBERTa encoder that the forward pass reads. */
export interface EncoderConfig {
  readonly model_type: 'bert' | 'roberta';
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly intermediate_size: number;
  readonly hidden_act: string;
  readonly max_position_embeddings: number;
  readonly type_vocab_size: number;
  readonly layer_norm_eps: number;
  readonly pad_token_id: number;
  readonly hidden_dropout_prob: number;
  readonly attention_probs_dropout_prob: number;
  /** Null: as `hidden_dropout_prob`. */
  readonly classifier_dropout: number | null;
  /** Class names, or null when the checkpoint has no trained head. */
  readonly labels: readonly string[] | null;
}

const sizes = [
  'vocab_size',
  'hidden_size',
  'num_hidden_layers',
  'num_attention_heads',
  'intermediate_size',
  'max_position_embeddings',
] as const;

const defaults = {
  hidden_act: 'gelu',
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  classifier_dropout: null,
};
const padTokenId = { bert: 0, roberta: 1 };

/**
 * Reads the configuration of a supported encoder.
 *
 * @throws InputError naming the field if the model type is unsupported, a size is missing or an option is not implemented
 */
export function parseEncoderConfig(json: Readonly<Record<string, unknown>>): EncoderConfig {
  const { model_type } = json;
  if (model_type !== 'bert' && model_type !== 'roberta') {
    throw new InputError(
      `config.json: model_type ${JSON.stringify(model_type)} is not supported; use a bert or roberta model.`,
    );
  }
  const known = Object.keys(json).filter((key) => json[key] !== undefined && json[key] !== null);
  const given = Object.fromEntries(known.map((key) => [key, json[key]]));
  const config = {
    pad_token_id: padTokenId[model_type],
    ...defaults,
    ...given,
    labels: labelsOf(json),
  } as unknown as EncoderConfig;
  for (const name of sizes) {
    if (!Number.isInteger(config[name]) || config[name] <= 0) {
      throw new InputError(
        `config.json: ${name} must be a positive whole number, not ${JSON.stringify(config[name])}.`,
      );
    }
  }
  if (config.hidden_size % config.num_attention_heads !== 0) {
    throw new InputError(
      `config.json: ${config.num_attention_heads} attention heads do not divide hidden_size ${config.hidden_size}.`,
    );
  }
  if (!Object.hasOwn(activations, config.hidden_act)) {
    throw new InputError(
      `config.json: hidden_act '${config.hidden_act}' is not supported; there are: ${Object.keys(activations).join(', ')}.`,
    );
  }
  if ((json.position_embedding_type ?? 'absolute') !== 'absolute') {
    throw new InputError(
      `config.json: position_embedding_type '${json.position_embedding_type}' is not supported, only 'absolute'.`,
    );
  }
  return config;
}

function labelsOf({ id2label, num_labels }: Readonly<Record<string, unknown>>): string[] | null {
  if (id2label !== null && typeof id2label === 'object') {
    return Object.entries(id2label)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, label]) => String(label));
  }
  return typeof num_labels === 'number' ? Array.from({ length: num_labels }, (_, i) => `LABEL_${i}`) : null;
}
