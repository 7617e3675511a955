import * as v from 'valibot';
import { positiveInteger, probability } from '../settings/index.ts';
import type { Architecture } from './architecture.ts';
import { absent, activationName, only, optional } from './config-json.ts';
import { type GatedRotaryConfig, gatedRotary, gatedRotaryEntries, gatedRotarySizes } from './gated-rotary.ts';

/** Of how Python computes, and of heads that are not here. */
const withoutEffect = [
  ...['dense_seq_output', 'embd_pdrop', 'fused_bias_fc', 'fused_dropout_add_ln', 'max_trained_positions'],
  ...['pad_vocab_size_multiple', 'parallel_block_tied_norm', 'reorder_and_upcast_attn', 'scale_attn_weights'],
  ...['scale_attn_by_inverse_layer_idx', 'use_flash_attn', 'use_xentropy', 'summary_activation', 'summary_type'],
  ...['summary_first_dropout', 'summary_proj_to_labels', 'summary_use_proj'],
];

const unlike = 'other forms of NomicBERT are not supported';

/** What files of its authors' code say besides: what transformers computes alone. */
const ofTheAuthors = {
  activation_function: only('swiglu', unlike),
  causal: only(false, unlike),
  prenorm: only(false, unlike),
  parallel_block: only(false, unlike),
  use_rms_norm: only(false, unlike),
  qkv_proj_bias: only(false, unlike),
  mlp_fc1_bias: only(false, unlike),
  mlp_fc2_bias: only(false, unlike),
  rotary_emb_fraction: only(1, unlike),
  rotary_emb_interleaved: only(false, unlike),
  rotary_emb_scale_base: absent(unlike),
  rotary_scaling_factor: absent(unlike),
  num_experts: absent(unlike),
  // It names that code, of which the other fields tell all.
  auto_map: v.optional(v.unknown()),
  ...Object.fromEntries(withoutEffect.map((name) => [name, v.optional(v.unknown())])),
};

const entries = {
  ...gatedRotaryEntries,
  hidden_act: optional(activationName, 'silu'),
  type_vocab_size: optional(positiveInteger, 2),
  hidden_dropout_prob: optional(probability, 0),
  attention_probs_dropout_prob: optional(probability, 0),
  ...ofTheAuthors,
};

/** The names of fields in files of its authors' code, which the hub has. */
const otherNames = {
  n_embd: 'hidden_size',
  n_layer: 'num_hidden_layers',
  n_head: 'num_attention_heads',
  n_inner: 'intermediate_size',
  n_positions: 'max_position_embeddings',
  layer_norm_epsilon: 'layer_norm_eps',
  resid_pdrop: 'hidden_dropout_prob',
  attn_pdrop: 'attention_probs_dropout_prob',
  rotary_emb_base: 'rope_theta',
};

/** NomicBERT (Nussbaum et al., 2024): BERT with rotary positions, gated perceptrons and no biases in its layers. */
export const nomicBert: Architecture<GatedRotaryConfig, typeof entries> = {
  type: 'nomic_bert',
  title: 'NomicBERT',
  classes: ['NomicBert'],
  prefix: 'nomic_bert',
  padTokenId: 0,
  entries,
  otherNames,
  sizes: (fields) => gatedRotarySizes(fields, 1000),
  ...gatedRotary({
    bias: false,
    dropsInner: false,
    layers: 'encoder.layers',
    saved: {
      embeddings: [{ name: 'emb_ln', parts: ['embeddings.LayerNorm'] }],
      layer(i) {
        const [at, own] = [`encoder.layers.${i}`, `layers.${i}`];
        const projections = ['q', 'k', 'v'].map((part) => `${own}.self_attn.${part}_proj`);
        return [
          { name: `${at}.attn.Wqkv`, parts: projections }, // [3 * hidden, hidden]
          { name: `${at}.attn.out_proj`, parts: [`${own}.self_attn.o_proj`] },
          { name: `${at}.norm1`, parts: [`${own}.post_attention_layernorm`] },
          { name: `${at}.mlp.fc11`, parts: [`${own}.mlp.up_proj`] },
          { name: `${at}.mlp.fc12`, parts: [`${own}.mlp.gate_proj`] },
          { name: `${at}.mlp.fc2`, parts: [`${own}.mlp.down_proj`] },
          { name: `${at}.norm2`, parts: [`${own}.post_mlp_layernorm`] },
        ];
      },
    },
  }),
};
