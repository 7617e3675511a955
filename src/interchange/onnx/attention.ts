import type { ModelGraph } from './model-graph.ts';

/** What is added to the scores of what is not seen. */
const UNSEEN = -3.4028234663852886e38;

/** 0 where a mask [batch, keys] is 1, else a number that makes its softmax 0; [batch, 1, 1, keys] */
export function maskBias(graph: ModelGraph, mask: string): string {
  const wide = graph.node('Cast', [graph.node('Unsqueeze', [mask, graph.integers([1, 2])])], {
    to: { type: 'float32' },
  });
  return graph.node('Mul', [graph.node('Sub', [graph.float(1), wide]), graph.float(UNSEEN)]);
}

/** A number that makes the softmax 0 where a condition does not hold, else what is added to the scores there. */
export const unseenUnless = (graph: ModelGraph, seen: string, bias = graph.float(0)): string =>
  graph.node('Where', [seen, bias, graph.float(UNSEEN)]);

/** [batch, length, hidden] -> [batch, heads, length, size] */
export function splitHeads(graph: ModelGraph, x: string, heads: number, hidden: number): string {
  const parts = graph.node('Reshape', [x, graph.integers([0, -1, heads, hidden / heads])]);
  return graph.node('Transpose', [parts], { perm: [0, 2, 1, 3] });
}

/** The sizes of an attention. */
export interface AttentionSizes {
  readonly heads: number;
  /** The width of all heads together. */
  readonly hidden: number;
  /** Products are multiplied with it. Default: one by the root of the width of a head. */
  readonly scale?: number;
}

/**
 * softmax(scale · q kᵀ + bias) v of heads [batch, heads, length, size], joined to [batch, length, hidden].
 *
 * @param bias of the same number of axes as the scores [batch, heads, queries, keys]
 */
export function attention(
  graph: ModelGraph,
  [query, key, value]: readonly [query: string, key: string, value: string],
  bias: string,
  { heads, hidden, scale = 1 / Math.sqrt(hidden / heads) }: AttentionSizes,
): string {
  const products = graph.node('MatMul', [query, graph.node('Transpose', [key], { perm: [0, 1, 3, 2] })]);
  const scaled = scale === 1 ? products : graph.node('Mul', [products, graph.float(scale)]);
  const weights = graph.node('Softmax', [graph.add(scaled, bias)], { axis: -1 });
  const rows = graph.node('Transpose', [graph.node('MatMul', [weights, value])], { perm: [0, 2, 1, 3] });
  return graph.node('Reshape', [rows, graph.integers([0, 0, hidden])]);
}
