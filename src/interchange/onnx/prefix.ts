import type { AttachedParts } from './attached.ts';
import type { ModelGraph } from './model-graph.ts';
import type { DenseWeight } from './numbers.ts';

/** What the queries of an attention see: keys and values [batch, heads, keys, size], and what is added to their scores. */
export interface SeenNodes {
  readonly key: string;
  readonly value: string;
  readonly bias: string;
}

/** Rows [length, hidden] as heads [1, heads, length, size]. */
function headsOf({ shape: [length, hidden], values }: DenseWeight, heads: number): Float32Array {
  const size = hidden / heads;
  return Float32Array.from(values, (_, i) => {
    const [head, row, column] = [Math.floor(i / (length * size)), Math.floor(i / size) % length, i % size];
    return values[row * hidden + head * size + column];
  });
}

/** Keys and values with those that an adapter has before them, which every query sees. */
export function withPrefix(
  graph: ModelGraph,
  { prefixes }: AttachedParts,
  point: string,
  seen: SeenNodes,
  heads: number,
): SeenNodes {
  const prefix = prefixes.get(point);
  if (!prefix) return seen;
  const [length, hidden] = prefix.key.shape;
  // One for each text of the batch.
  const batch = graph.node('Shape', [seen.key], { start: 0, end: 1 });
  const joined = (own: 'key' | 'value') => {
    const shape = [1, heads, length, hidden / heads];
    const rows = graph.floats(`${point}.prefix_${own}`, headsOf(prefix[own], heads), shape);
    const each = graph.node('Concat', [batch, graph.integers(shape.slice(1))], { axis: 0 });
    return graph.node('Concat', [graph.node('Expand', [rows, each]), seen[own]], { axis: 2 });
  };
  // Nothing is added to the scores of what is seen.
  const bias = graph.node('Pad', [seen.bias, graph.integers([length, 0]), graph.float(0), graph.integers([-1])]);
  return { key: joined('key'), value: joined('value'), bias };
}
