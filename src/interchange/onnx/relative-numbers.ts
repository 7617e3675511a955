import { type Buckets, bucketOf } from '../../models/parts/relative-bias.ts';
import { tableRows } from './distances.ts';
import type { ModelGraph } from './model-graph.ts';

/**
 * What scores of each head get for the distance of a query and a key, [heads, queries, keys].
 *
 * @param distances query - key, [queries, keys]
 * @param table the name of the learnt numbers [buckets, heads]
 */
export function relativeNumbers(graph: ModelGraph, distances: string, table: string, buckets: Buckets): string {
  const rows = tableRows(graph, distances, 'buckets', (apart) => bucketOf(-apart, buckets));
  return graph.node('Transpose', [graph.node('Gather', [graph.exact(table), rows])], { perm: [2, 0, 1] });
}
