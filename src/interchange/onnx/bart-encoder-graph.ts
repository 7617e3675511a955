import { maskBias } from './attention.ts';
import {
  type BartPlan,
  bartAttention,
  bartAttentionEnd,
  bartEmbeddings,
  bartFeedForward,
  bartHeads,
  WORDS,
} from './bart-graph.ts';
import type { ModelGraph } from './model-graph.ts';

const TOKENS = ['batch_size', 'sequence_length'];

/** The encoder of BART, from its inputs to its output: `encoder_model.onnx`. */
export function bartEncoder(graph: ModelGraph, plan: BartPlan): void {
  const { d_model, encoder_layers, encoder_attention_heads: heads } = plan.config;
  const [ids, mask] = ['input_ids', 'attention_mask'].map((name) => graph.input(name, 'int64', TOKENS));
  const words = graph.embedding(ids, WORDS);
  let x = bartEmbeddings(graph, plan, 'encoder', { ids, words, length: TOKENS[1] });
  const bias = maskBias(graph, mask);
  for (let i = 0; i < encoder_layers; i++) {
    const at = `model.encoder.layers.${i}`;
    const own = `${at}.self_attn`;
    const [key, value] = ['k_proj', 'v_proj'].map((part) => bartHeads(graph, plan, x, `${own}.${part}`, heads));
    const h = bartAttention(graph, plan, own, x, { key, value, bias }, heads);
    x = bartFeedForward(graph, plan, at, bartAttentionEnd(graph, plan, at, h, x));
  }
  graph.output(x, 'last_hidden_state', [...TOKENS, d_model]);
}
