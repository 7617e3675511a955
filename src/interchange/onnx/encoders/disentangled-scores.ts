import { type DebertaConfig, rowOfDistance } from '../../../models/deberta-v2.ts';
import { splitHeads } from '../attention.ts';
import { distances, places, tableRows } from '../distances.ts';
import type { EncoderSite } from './encoder-site.ts';
import type { GraphScheme } from './self-attention-nodes.ts';

/** The table of distances as the layers read it, and which cells of its products are whose. */
export interface DistanceNodes {
  /** [1, 2 span, hidden] */
  readonly table: string;
  /** For each query and key the cell [rows · 2 span] of the query with their distance, and that of the key: [rows, rows]. */
  readonly cells: Readonly<Record<'query' | 'key', string>>;
}

/** What all layers share, if distances enter their scores. */
export function distanceNodes({ graph, config, mask, at }: EncoderSite<DebertaConfig>): DistanceNodes | null {
  const { relative, layer_norm_eps } = config;
  if (!relative) return null;
  const name = at('encoder.rel_embeddings.weight');
  const whole = graph.table(name);
  const normed = relative.hasNorm ? graph.layerNorm(whole, at('encoder.LayerNorm'), layer_norm_eps) : whole;
  const rows = tableRows(graph, distances(graph, mask), 'rows_of_distances', (apart) => rowOfDistance(apart, relative));
  const [count] = graph.weight(name).shape;
  const [query, key] = places(graph, mask).map((place) =>
    graph.add(graph.node('Mul', [place, graph.integers(count)]), rows),
  );
  return { table: graph.node('Unsqueeze', [normed, graph.integers([0])]), cells: { query, key } };
}

/** The scheme of a layer: products of queries and keys, of queries with distances, and of keys with distances. @param path of the layer */
export function disentangledScores(
  { graph, config, bias }: EncoderSite<DebertaConfig>,
  path: string,
  known: DistanceNodes | null,
): GraphScheme {
  const { relative, parts, num_attention_heads: heads, hidden_size: hidden } = config;
  const scale = 1 / Math.sqrt((hidden / heads) * parts);
  const self = `${path}.attention.self`;
  return ({ query, key }) => {
    const products: string[] = [];
    /** The products of heads with a projection of the table, [batch, heads, rows, rows]. */
    const add = (x: string, projection: string, cells: string) => {
      const table = splitHeads(graph, graph.linear(known?.table ?? '', `${self}.${projection}`), heads, hidden);
      const all = graph.node('MatMul', [x, graph.node('Transpose', [table], { perm: [0, 1, 3, 2] })]);
      const flat = graph.node('Reshape', [all, graph.integers([0, 0, -1])]);
      products.push(graph.node('Gather', [flat, cells], { axis: 2 }));
    };
    if (known && relative?.c2p) add(query, relative.shared ? 'key_proj' : 'pos_key_proj', known.cells.query);
    if (known && relative?.p2c) add(key, relative.shared ? 'query_proj' : 'pos_query_proj', known.cells.key);
    if (products.length === 0) return { query, key, bias, scale };
    const sum = products.reduce((a, b) => graph.add(a, b));
    return { query, key, bias: graph.add(graph.node('Mul', [sum, graph.float(scale)]), bias), scale };
  };
}
