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

const padTokenId = { bert: 0, roberta: 1 };

/**
 * Reads the configuration of a supported encoder.
 *
 * @throws InputError naming the field if the model type is unsupported, a size is missing or an option is not implemented
 */
export function parseEncoderConfig(json: Readonly<Record<string, unknown>>): EncoderConfig {
  const { model_type } = json;
  if (model_type !== 'bert' && model_type !== 'roberta') {
    throw fieldError('model_type', model_type, 'bert or roberta');
  }
  const number = (name: string, fallback?: number): number => {
    const value = json[name] ?? fallback;
    if (typeof value === 'number' && value >= 0) return value;
    throw fieldError(name, value, 'a number that is not negative');
  };
  const size = (name: string, fallback?: number): number => {
    const value = number(name, fallback);
    if (Number.isInteger(value) && value > 0) return value;
    throw fieldError(name, value, 'a positive whole number');
  };
  const probability = (name: string, fallback?: number): number => {
    const value = number(name, fallback);
    if (value < 1) return value;
    throw fieldError(name, value, 'a probability below 1');
  };
  const config = {
    model_type,
    vocab_size: size('vocab_size'),
    hidden_size: size('hidden_size'),
    num_hidden_layers: size('num_hidden_layers'),
    num_attention_heads: size('num_attention_heads'),
    intermediate_size: size('intermediate_size'),
    hidden_act: String(json.hidden_act ?? 'gelu'),
    max_position_embeddings: size('max_position_embeddings'),
    type_vocab_size: size('type_vocab_size', 2),
    layer_norm_eps: number('layer_norm_eps', 1e-12),
    pad_token_id: number('pad_token_id', padTokenId[model_type]),
    hidden_dropout_prob: probability('hidden_dropout_prob', 0.1),
    attention_probs_dropout_prob: probability('attention_probs_dropout_prob', 0.1),
    classifier_dropout: json.classifier_dropout == null ? null : probability('classifier_dropout'),
    labels: labelsOf(json),
  } satisfies EncoderConfig;
  if (config.hidden_size % config.num_attention_heads !== 0) {
    throw fieldError(
      'num_attention_heads',
      config.num_attention_heads,
      `a divisor of hidden_size ${config.hidden_size}`,
    );
  }
  if (!Object.hasOwn(activations, config.hidden_act)) {
    throw fieldError('hidden_act', config.hidden_act, `one of ${Object.keys(activations).join(', ')}`);
  }
  const positions = json.position_embedding_type ?? 'absolute';
  if (positions !== 'absolute') throw fieldError('position_embedding_type', positions, 'absolute');
  return config;
}

/** The longest sequence the position table has room for, special tokens included. RoBERTa's begins behind the padding id. */
export function longestSequence({ model_type, max_position_embeddings, pad_token_id }: EncoderConfig): number {
  return model_type === 'roberta' ? max_position_embeddings - pad_token_id - 1 : max_position_embeddings;
}

function fieldError(name: string, value: unknown, supported: string): InputError {
  const given = value === undefined ? 'is missing' : `${JSON.stringify(value)} is not supported`;
  return new InputError(`config.json: ${name} ${given}; it must be ${supported}.`);
}

/** Hugging Face leaves the two default labels out of the file: then the architecture tells that there is a head. */
function labelsOf({ id2label, num_labels, architectures }: Readonly<Record<string, unknown>>): string[] | null {
  if (id2label !== null && typeof id2label === 'object') {
    return Object.entries(id2label)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, label]) => String(label));
  }
  const isClassifier = Array.isArray(architectures) && /ForSequenceClassification$/.test(String(architectures[0]));
  const count = num_labels ?? (isClassifier ? 2 : null);
  return typeof count === 'number' ? Array.from({ length: count }, (_, i) => `LABEL_${i}`) : null;
}
