/**
 * Folders of the areas `peft` and `adapterhub` that should load and do not yet, by what they wait for. Each of them is refused by name; one
 * that loads is a failure, so that the list tells the truth.
 */
export const notLoaded: Readonly<Record<string, readonly string[]>> = {
  'token classification': ['peft/bert_lora_tok', 'peft/bert_lora_tok_no_task'],
  'tensors that the configuration does not mean': ['peft/file_has_more_layers', 'peft/file_has_more_targets'],
  'ranks and alphas by module': ['peft/lora_patterns_regex', 'peft/lora_patterns_unused', 'peft/lora_rank_pattern'],
  'trained biases': ['peft/lora_bias_all', 'peft/lora_save_classifier_bias'],
  'biases in LoRA': ['peft/lora_bias_in_lora'],
  'LoRA on the head': ['peft/lora_on_classifier_no_task', 'peft/roberta_lora_on_head'],
  'trained embeddings': ['peft/lora_save_word_embeddings'],
  DoRA: ['peft/lora_dora', 'peft/roberta_lora_dora'],
  IA3: ['peft/ia3', 'peft/roberta_ia3'],
  'LN tuning': ['peft/ln_tuning'],
};
