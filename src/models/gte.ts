import { probability, wholeNumber } from '../settings/index.ts';
import type { Architecture } from './architecture.ts';
import { optional } from './config-json.ts';
import { type GatedRotaryConfig, gatedRotary, gatedRotaryEntries, gatedRotarySizes } from './gated-rotary.ts';

const entries = {
  ...gatedRotaryEntries,
  /** 0: no table. */
  type_vocab_size: optional(wholeNumber, 1),
  hidden_dropout_prob: optional(probability, 0.1),
  attention_probs_dropout_prob: optional(probability, 0),
};

/** GTE (Zhang et al., 2024), also called mGTE: BERT with rotary positions and gated perceptrons. */
export const gte: Architecture<GatedRotaryConfig, typeof entries> = {
  type: 'gte',
  title: 'GTE',
  classes: ['Gte'],
  prefix: 'gte',
  padTokenId: 1,
  entries,
  sizes: (fields) => gatedRotarySizes(fields, 160_000),
  ...gatedRotary({
    bias: true,
    dropsInner: true,
    layers: 'encoder.layer',
    saved: {
      embeddings: [],
      layer(i) {
        const [at, own] = [`encoder.layer.${i}`, `layers.${i}`];
        const projections = ['q', 'k', 'v'].map((part) => `${own}.self_attn.${part}_proj`);
        return [
          { name: `${at}.attention.qkv_proj`, parts: projections }, // [3 * hidden, hidden]
          { name: `${at}.attention.o_proj`, parts: [`${own}.self_attn.o_proj`] },
          { name: `${at}.attn_ln`, parts: [`${own}.post_attention_layernorm`] },
          { name: `${at}.mlp.up_gate_proj`, parts: [`${own}.mlp.up_proj`, `${own}.mlp.gate_proj`] }, // [2 * intermediate, hidden]
          { name: `${at}.mlp.down_proj`, parts: [`${own}.mlp.down_proj`] },
          { name: `${at}.mlp_ln`, parts: [`${own}.post_mlp_layernorm`] },
        ];
      },
    },
  }),
};
