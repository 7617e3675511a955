import type { ModelGraph } from './model-graph.ts';

/** A distance from which on nothing changes. */
const FAR = 2 ** 24;

/** The number of the rows of a mask [batch, rows], without axes. */
const countOf = (graph: ModelGraph, mask: string): string =>
  graph.node('Gather', [graph.node('Shape', [mask]), graph.integers(1)]);

/** The places of rows as whole numbers: [rows, 1] of queries, [1, rows] of keys. */
export function places(graph: ModelGraph, mask: string): readonly [queries: string, keys: string] {
  const all = graph.node('Range', [graph.integers(0), countOf(graph, mask), graph.integers(1)]);
  const [queries, keys] = [1, 0].map((axis) => graph.node('Unsqueeze', [all, graph.integers([axis])]));
  return [queries, keys];
}

/** The distance of each query and key of a mask [batch, rows], query - key: [rows, rows] whole numbers. */
export const distances = (graph: ModelGraph, mask: string): string => graph.node('Sub', [...places(graph, mask)]);

/** Whether each query and key are at most so far from each other: [rows, rows]. */
export const areNear = (graph: ModelGraph, mask: string, reach: number): string =>
  graph.node('LessOrEqual', [graph.node('Abs', [distances(graph, mask)]), graph.integers(reach)]);

/**
 * The row of a table for each distance, of the same shape.
 *
 * @param apart whole numbers, query - key
 * @param rowOf the row of a distance, query - key: the same from some distance on
 */
export function tableRows(graph: ModelGraph, apart: string, name: string, rowOf: (distance: number) => number): string {
  const ends = [-FAR, FAR].map(rowOf);
  let reach = 0;
  while (reach < FAR && (rowOf(-reach) !== ends[0] || rowOf(reach) !== ends[1])) reach++;
  const rows = BigInt64Array.from({ length: 2 * reach + 1 }, (_, i) => BigInt(rowOf(i - reach)));
  const data = new Uint8Array(rows.buffer);
  const table = graph.constant(name, () => ({ type: 'int64', shape: [rows.length], data }));
  const near = graph.node('Clip', [apart, graph.integers(-reach), graph.integers(reach)]);
  return graph.node('Gather', [table, graph.add(near, graph.integers(reach))]);
}
