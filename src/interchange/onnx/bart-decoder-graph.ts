import { maskBias, unseenUnless } from './attention.ts';
import {
  type BartPlan,
  bartAttention,
  bartAttentionEnd,
  bartEmbeddings,
  bartFeedForward,
  bartHeads,
  bartNorm,
  WORDS,
} from './bart-graph.ts';
import type { ModelGraph } from './model-graph.ts';

const ROWS = 'decoder_sequence_length';
const SOURCE = 'encoder_sequence_length';

/** The inputs of the decoder that all layers read. */
interface DecoderInputs {
  /** [batch, source, hidden] */
  readonly encoded: string;
  /** Whether keys and values of the source are those of an earlier call. */
  readonly isLater: string;
  /** [rows, keys], added to the scores of the own side. */
  readonly causal: string;
  /** [batch, 1, 1, source] */
  readonly bias: string;
}

/**
 * The decoder of BART with its output layer: `decoder_model_merged.onnx`. It reads new tokens, and the keys and values of those before
 * them. The first call has none and computes those of the source; later ones are given them.
 */
export function bartDecoder(graph: ModelGraph, plan: BartPlan): void {
  const { d_model: hidden, decoder_layers, decoder_attention_heads: heads, vocab_size } = plan.config;
  const ids = graph.input('input_ids', 'int64', ['batch_size', ROWS]);
  const mask = graph.input('encoder_attention_mask', 'int64', ['batch_size', SOURCE]);
  const encoded = graph.input('encoder_hidden_states', 'float32', ['batch_size', SOURCE, hidden]);
  const isLater = graph.input('use_cache_branch', 'bool', [1]);
  const lengths = { decoder: 'past_decoder_sequence_length', encoder: 'past_encoder_sequence_length' };
  const past = (layer: number, side: 'decoder' | 'encoder', part: 'key' | 'value') =>
    graph.input(`past_key_values.${layer}.${side}.${part}`, 'float32', [
      'batch_size',
      heads,
      lengths[side],
      hidden / heads,
    ]);
  const layers = Array.from({ length: decoder_layers }, (_, i) => ({
    own: { key: past(i, 'decoder', 'key'), value: past(i, 'decoder', 'value') },
    source: { key: past(i, 'encoder', 'key'), value: past(i, 'encoder', 'value') },
  }));
  const first = graph.node('Shape', [layers[0].own.key], { start: 2, end: 3 });
  const words = graph.node('Gather', [graph.table(WORDS), ids]);
  let x = bartEmbeddings(graph, plan, 'decoder', { ids, words, first, length: ROWS });
  const inputs = { encoded, isLater, causal: causalBias(graph, first, ids), bias: maskBias(graph, mask) };
  layers.forEach((cache, i) => {
    const made = decoderLayer(graph, plan, i, x, cache, inputs);
    x = made.x;
    for (const [side, { key, value }] of Object.entries({ decoder: made.own, encoder: made.source })) {
      const shape = ['batch_size', heads, `${side}_length_out`, hidden / heads];
      graph.output(key, `present.${i}.${side}.key`, shape);
      graph.output(value, `present.${i}.${side}.value`, shape);
    }
  });
  const scores = graph.node('MatMul', [x, graph.node('Transpose', [graph.table(WORDS)], { perm: [1, 0] })]);
  graph.output(graph.add(scores, graph.exact('final_logits_bias')), 'logits', ['batch_size', ROWS, vocab_size]);
}

/** What is added to the scores of new rows for the keys of all rows: each sees those up to itself, [rows, keys]. */
function causalBias(graph: ModelGraph, first: string, ids: string): string {
  const length = graph.node('Shape', [ids], { start: 1, end: 2 });
  const [start, end] = [first, graph.add(first, length)].map((value) => graph.node('Squeeze', [value]));
  const range = (from: string) => graph.node('Range', [from, end, graph.integers(1)]);
  const keys = graph.node('Unsqueeze', [range(graph.integers(0)), graph.integers([0])]);
  const rows = graph.node('Unsqueeze', [range(start), graph.integers([1])]);
  return unseenUnless(graph, graph.node('LessOrEqual', [keys, rows]));
}

interface KeyAndValue {
  readonly key: string;
  readonly value: string;
}

function decoderLayer(
  graph: ModelGraph,
  plan: BartPlan,
  layer: number,
  x: string,
  past: { readonly own: KeyAndValue; readonly source: KeyAndValue },
  { encoded, isLater, causal, bias }: DecoderInputs,
): { readonly x: string; readonly own: KeyAndValue; readonly source: KeyAndValue } {
  const heads = plan.config.decoder_attention_heads;
  const at = `model.decoder.layers.${layer}`;
  const [self, cross] = [`${at}.self_attn`, `${at}.encoder_attn`];
  const withPast = (part: 'key' | 'value', name: string) =>
    graph.node('Concat', [past.own[part], bartHeads(graph, plan, x, `${self}.${name}`, heads)], { axis: 2 });
  const own = { key: withPast('key', 'k_proj'), value: withPast('value', 'v_proj') };
  const h = bartAttention(graph, plan, self, x, { ...own, bias: causal }, heads);
  const y = bartAttentionEnd(graph, plan, at, h, x);
  // Only this may stand in a branch: without branches a runtime on a graphics card is given tensors without rows.
  const ofSource = (part: 'key' | 'value', name: string) =>
    graph.choice(
      isLater,
      () => past.source[part],
      () => bartHeads(graph, plan, encoded, `${cross}.${name}`, heads),
    );
  const source = { key: ofSource('key', 'k_proj'), value: ofSource('value', 'v_proj') };
  const z = bartAttention(graph, plan, cross, y, { ...source, bias }, heads);
  const normalised = bartNorm(graph, graph.add(z, y), `${at}.encoder_attn_layer_norm`);
  return { x: bartFeedForward(graph, plan, at, normalised), own, source };
}
