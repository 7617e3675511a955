import { isRecording, noGrad, recordNode } from '../tensor/graph.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { RowRange } from './attention.ts';
import { concat, sliceRows } from './layout.ts';

/**
 * The rows of x [rows, ...] in each range; ranges may overlap. As `sliceRows` of each, but their gradients are put together at once: the
 * gradient of every slice is as large as x, so those of many would take the square of its rows.
 */
export function rowBlocks(x: Tensor, ranges: readonly RowRange[]): Tensor[] {
  if (!x.requiresGrad || !isRecording()) return ranges.map(([start, end]) => sliceRows(x, start, end));
  const cuts = [...new Set([0, x.shape[0], ...ranges.flat()])].sort((a, b) => a - b);
  const pieces = noGrad(() => cuts.slice(1).map((end, i) => sliceRows(x, cuts[i], end)));
  recordNode({ inputs: [x], outputs: pieces, backward: (dys) => [concat(dys)], reads: [] });
  return ranges.map(([start, end]) => {
    const own = pieces.slice(cuts.indexOf(start), cuts.indexOf(end));
    if (own.length === 0) return sliceRows(x, start, end);
    return own.length === 1 ? own[0] : concat(own);
  });
}
