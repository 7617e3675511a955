import type { EncoderConfig } from '../config.ts';

/** What the parts of a layer read of the configuration of an encoder. */
export type LayerSizes = Pick<
  EncoderConfig,
  | 'hidden_size'
  | 'num_attention_heads'
  | 'intermediate_size'
  | 'hidden_act'
  | 'layer_norm_eps'
  | 'hidden_dropout_prob'
  | 'attention_probs_dropout_prob'
>;
