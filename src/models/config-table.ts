import * as v from 'valibot';
import { isJsonObject } from '../io/browser.ts';
import { shown } from '../settings/index.ts';
import { absent, type ConfigJson, isOff, only } from './config-json.ts';

/** Fields of every `config.json` that would change what is computed, and the one value of each that is supported. */
export const commonRefusals = {
  add_cross_attention: only(false, 'attention to another model is not supported'),
  tie_encoder_decoder: only(false, 'weights that an encoder and a decoder share are not supported'),
  cross_attention_hidden_size: absent('attention to another model is not supported'),
  pruned_heads: absent('attention heads that were cut off are not supported'),
  quantization_config: absent('quantised weights are not supported; export the model in float16 or float32'),
  compression_config: absent('compressed weights are not supported; export the model in float16 or float32'),
  adapters: v.optional(
    v.custom<unknown>(
      (value) => isOff(isJsonObject(value) ? value.adapters : value),
      'left out or without adapters (adapters inside a checkpoint are not read; save them beside it with save_adapter)',
    ),
  ),
  adapter_fusions: absent('adapters inside a checkpoint are not read; save them beside it'),
  auto_map: v.optional(
    v.custom<unknown>(
      (value) => !isJsonObject(value) || !Object.keys(value).some((key) => /^(TF|Flax)?AutoModel/.test(key)),
      "left out (it names Python code of the model's own, which is not run)",
    ),
  ),
};

const words = (text: string): string[] => text.trim().split(/\s+/);

/**
 * Fields that change nothing in a forward pass in float32, dropout aside: how Python computes, stores and reports, what a tokenizer or
 * a pipeline is told, how new weights are drawn.
 */
const harmless = words(`
  _attn_implementation _attn_implementation_internal _experts_implementation _commit_hash _name_or_path
  attn_implementation bos_token_id chunk_size_feed_forward custom_pipelines directionality dtype
  finetuning_task gradient_checkpointing initializer_factor initializer_range init_std language
  model_name name_or_path name output_attentions output_hidden_states output_past prediction_heads
  return_dict sep_token_id eos_token_id task_specific_params tf_legacy_loss tokenizer_class torch_dtype
  torchscript transformers_version use_bfloat16 use_cache use_return_dict xla_device tie_word_embeddings
  sentence_transformers unsloth_version unsloth_fixed license mask_token_id cls_token_id unk_token_id
  architectures id2label label2id num_labels _num_labels problem_type label_smoothing classifier_dropout
  adapters auto_map
`);

/** Fields of generation, which a model without a decoder has no use for; that of BART reads them. */
export const generationFields = words(`
  max_length min_length do_sample early_stopping num_beams num_beam_groups diversity_penalty temperature
  top_k top_p typical_p repetition_penalty length_penalty no_repeat_ngram_size
  encoder_no_repeat_ngram_size bad_words_ids num_return_sequences output_scores return_dict_in_generate
  forced_bos_token_id forced_eos_token_id remove_invalid_values exponential_decay_length_penalty
  suppress_tokens begin_suppress_tokens decoder_start_token_id max_new_tokens min_new_tokens
`);

/** Fields of pooling layers that Python never had; the first multilingual BERT has them. */
const poolerFields = ['fc_size', 'num_attention_heads', 'num_fc_layers', 'size_per_head', 'type'].map(
  (end) => `pooler_${end}`,
);

/** Fields that every model may have and that change nothing. */
export const harmlessFields: readonly string[] = [...harmless, ...poolerFields];

/** Returns one line for unknown fields: they are not followed. */
export function unknownFields(json: ConfigJson, known: ReadonlySet<string>, file: string): string[] {
  const names = Object.keys(json).filter((name) => !known.has(name) && !isOff(json[name]));
  if (names.length === 0) return [];
  const listed = names.slice(0, 6).map((name) => `${shown(name).slice(1, -1)} ${shown(json[name])}`);
  const more = names.length > 6 ? ` and ${names.length - 6} more` : '';
  return [`${file}: fields that are not known here are not followed: ${listed.join(', ')}${more}.`];
}

/** One line for a text that Python's pipelines put before each input. */
export const pipelinePrefix = ({ prefix }: ConfigJson, file: string): string[] =>
  isOff(prefix) ? [] : [`${file}: the prefix ${shown(prefix)} of Python's pipelines is not put before texts.`];
