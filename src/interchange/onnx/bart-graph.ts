import type { EncoderDecoderConfig } from '../../models/index.ts';
import type { AttachedParts } from './attached.ts';
import { attention, splitHeads } from './attention.ts';
import type { ModelGraph } from './model-graph.ts';
import { type SeenNodes, withPrefix } from './prefix.ts';
import { sublayerEnd } from './sublayer.ts';

/** A BART to export. */
export interface BartPlan {
  readonly config: EncoderDecoderConfig;
  readonly parts: AttachedParts;
}

const LAYER_NORM_EPS = 1e-5;
/** The rows of a table of positions that come before the first position. */
const POSITION_OFFSET = 2;

/** The table of words of both sides and of the output. */
export const WORDS = 'model.shared.weight';

export const bartNorm = (graph: ModelGraph, x: string, name: string): string =>
  graph.layerNorm(x, name, LAYER_NORM_EPS);

/**
 * Words and positions of tokens, normalised: [batch, length, hidden].
 *
 * @param words [batch, length, hidden]
 * @param first how many tokens come before the first one, [1]; none by default
 * @param length the name of the axis of tokens
 */
export function bartEmbeddings(
  graph: ModelGraph,
  { config, parts }: BartPlan,
  side: 'encoder' | 'decoder',
  {
    ids,
    words,
    first,
    length,
  }: { readonly ids: string; readonly words: string; readonly first?: string; readonly length: string },
): string {
  const { scale_embedding, d_model } = config;
  const at = `model.${side}`;
  const scaled = scale_embedding ? graph.node('Mul', [words, graph.float(Math.sqrt(d_model))]) : words;
  const offset = graph.integers([POSITION_OFFSET + (parts.shifts.get(at) ?? 0)]);
  const start = first === undefined ? offset : graph.add(first, offset);
  const end = graph.add(start, graph.node('Shape', [ids], { start: 1, end: 2 }));
  const summed = graph.add(scaled, graph.rows(`${at}.embed_positions.weight`, start, end));
  return bartNorm(graph, graph.shaped(summed, ['batch_size', length, d_model]), `${at}.layernorm_embedding`);
}

/** A projection of rows as heads, [batch, heads, length, size]. */
export const bartHeads = (graph: ModelGraph, { config }: BartPlan, x: string, name: string, heads: number): string =>
  splitHeads(graph, graph.linear(x, name), heads, config.d_model);

/** Attention with its projection of queries and of the result: [batch, length, hidden]. */
export function bartAttention(
  graph: ModelGraph,
  { config, parts }: BartPlan,
  at: string,
  x: string,
  seen: SeenNodes,
  heads: number,
): string {
  const hidden = config.d_model;
  const query = splitHeads(graph, graph.linear(x, `${at}.q_proj`), heads, hidden);
  const { key, value, bias } = withPrefix(graph, parts, at, seen, heads);
  return graph.linear(attention(graph, [query, key, value], bias, { heads, hidden }), `${at}.out_proj`);
}

/** The end of the attention of rows to those of their own side. */
export const bartAttentionEnd = (graph: ModelGraph, { parts }: BartPlan, at: string, h: string, x: string): string =>
  sublayerEnd(graph, parts, `${at}.attention_adapters`, h, {
    x,
    norm: (sum) => bartNorm(graph, sum, `${at}.self_attn_layer_norm`),
  });

/** The feed-forward sublayer. */
export function bartFeedForward(graph: ModelGraph, { config, parts }: BartPlan, at: string, x: string): string {
  const inner = graph.activation(config.activation_function, graph.linear(x, `${at}.fc1`));
  return sublayerEnd(graph, parts, `${at}.output_adapters`, graph.linear(inner, `${at}.fc2`), {
    x,
    norm: (sum) => bartNorm(graph, sum, `${at}.final_layer_norm`),
  });
}
