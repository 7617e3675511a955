import { ConfigFields, type ConfigJson, fieldError } from './config-fields.ts';

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
export function parseEncoderConfig(json: ConfigJson): EncoderConfig {
  const { model_type } = json;
  if (model_type !== 'bert' && model_type !== 'roberta') {
    throw fieldError('model_type', model_type, 'bert or roberta');
  }
  const fields = new ConfigFields(json);
  const hidden_size = fields.size('hidden_size');
  fields.only('position_embedding_type', 'absolute');
  return {
    model_type,
    vocab_size: fields.size('vocab_size'),
    hidden_size,
    num_hidden_layers: fields.size('num_hidden_layers'),
    num_attention_heads: fields.heads('num_attention_heads', { name: 'hidden_size', value: hidden_size }),
    intermediate_size: fields.size('intermediate_size'),
    hidden_act: fields.activation('hidden_act'),
    max_position_embeddings: fields.size('max_position_embeddings'),
    type_vocab_size: fields.size('type_vocab_size', 2),
    layer_norm_eps: fields.number('layer_norm_eps', 1e-12),
    pad_token_id: fields.number('pad_token_id', padTokenId[model_type]),
    hidden_dropout_prob: fields.probability('hidden_dropout_prob', 0.1),
    attention_probs_dropout_prob: fields.probability('attention_probs_dropout_prob', 0.1),
    classifier_dropout: json.classifier_dropout == null ? null : fields.probability('classifier_dropout'),
    labels: labelsOf(json),
  };
}

/** Hugging Face leaves the two default labels out of the file: then the architecture tells that there is a head. */
function labelsOf({ id2label, num_labels, architectures }: ConfigJson): string[] | null {
  if (id2label !== null && typeof id2label === 'object') {
    return Object.entries(id2label)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, label]) => String(label));
  }
  const isClassifier = Array.isArray(architectures) && /ForSequenceClassification$/.test(String(architectures[0]));
  const count = num_labels ?? (isClassifier ? 2 : null);
  return typeof count === 'number' ? Array.from({ length: count }, (_, i) => `LABEL_${i}`) : null;
}
