import type { AttentionSizes } from '../attention.ts';
import type { ModelGraph } from '../model-graph.ts';

/** Keys and values, [batch, heads, length, size] each. */
export interface KeyAndValue {
  readonly key: string;
  readonly value: string;
}

/** Those that a layer of the decoder attends to: its own side's, and the encoder's. */
export interface LayerCache {
  readonly decoder: KeyAndValue;
  readonly encoder: KeyAndValue;
}

/** The inputs with the keys and values of the calls before. */
export function pastCaches(graph: ModelGraph, layers: number, { heads, hidden }: AttentionSizes): LayerCache[] {
  const past = (layer: number, side: keyof LayerCache, part: keyof KeyAndValue) =>
    graph.input(`past_key_values.${layer}.${side}.${part}`, 'float32', [
      ...['batch_size', heads, `past_${side}_sequence_length`, hidden / heads],
    ]);
  const both = (layer: number, side: keyof LayerCache) => ({
    key: past(layer, side, 'key'),
    value: past(layer, side, 'value'),
  });
  return Array.from({ length: layers }, (_, i) => ({ decoder: both(i, 'decoder'), encoder: both(i, 'encoder') }));
}

/** Gives the keys and values of a layer to the calls after. */
export function presentCache(
  graph: ModelGraph,
  layer: number,
  cache: LayerCache,
  { heads, hidden }: AttentionSizes,
): void {
  for (const side of ['decoder', 'encoder'] as const) {
    const shape = ['batch_size', heads, `${side}_length_out`, hidden / heads];
    for (const part of ['key', 'value'] as const) {
      graph.output(cache[side][part], `present.${layer}.${side}.${part}`, shape);
    }
  }
}
