import type { FloatArray } from '../backends/backend.ts';
import type { TokenSequence } from '../models/batch.ts';

/** Cuts numbers [tokens, width] of all sequences into those of each, [tokens · width]. */
export function rowsOf(values: FloatArray, sequences: readonly TokenSequence[], width: number): Float32Array[] {
  let end = 0;
  return sequences.map(({ ids }) => {
    const start = end;
    end += ids.length * width;
    return Float32Array.from(values.subarray(start, end));
  });
}
