import { positiveInteger, probability } from '../settings/index.ts';
import type { Architecture } from './architecture.ts';
import { activationName, optional } from './config-json.ts';
import { type GatedRotaryConfig, gatedRotary, gatedRotaryEntries, gatedRotarySizes } from './gated-rotary.ts';

const entries = {
  ...gatedRotaryEntries,
  hidden_act: optional(activationName, 'silu'),
  type_vocab_size: optional(positiveInteger, 2),
  hidden_dropout_prob: optional(probability, 0),
  attention_probs_dropout_prob: optional(probability, 0),
};

/** NomicBERT (Nussbaum et al., 2024): BERT with rotary positions, gated perceptrons and no biases in its layers. */
export const nomicBert: Architecture<GatedRotaryConfig, typeof entries> = {
  type: 'nomic_bert',
  title: 'NomicBERT',
  classes: ['NomicBert'],
  prefix: 'nomic_bert',
  padTokenId: 0,
  entries,
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
