import type { Numbers } from './outputs.ts';

/** Nested lists of numbers. */
export type NestedNumbers = number | NestedNumbers[];

/** Numbers with a shape, with the names that transformers.js has for its tensors. */
export class FeatureTensor implements Numbers {
  readonly type = 'float32';
  readonly dims: readonly number[];
  readonly data: Float32Array;

  constructor({ dims, data }: Numbers) {
    this.dims = dims;
    this.data = data;
  }

  /** Numbers in all. */
  get size(): number {
    return this.data.length;
  }

  /** Returns the numbers as nested lists. */
  tolist(): NestedNumbers[] {
    const listed = (axis: number, start: number, size: number): NestedNumbers[] => {
      const step = size / this.dims[axis];
      if (axis === this.dims.length - 1) return Array.from(this.data.subarray(start, start + size));
      return Array.from({ length: this.dims[axis] }, (_, i) => listed(axis + 1, start + i * step, step));
    };
    return listed(0, 0, this.size);
  }
}

/**
 * Joins the numbers of texts, one after the other.
 *
 * @param all each [hidden] or [tokens, hidden], of one width; texts with fewer tokens than the longest have zeros after theirs
 * @returns [texts, hidden] or [texts, tokens, hidden]
 */
export function stacked(all: readonly Numbers[]): FeatureTensor {
  const longest = all.reduce((most, one) => (one.data.length > most.data.length ? one : most));
  const size = longest.data.length;
  const data = new Float32Array(all.length * size);
  for (const [i, one] of all.entries()) data.set(one.data, i * size);
  return new FeatureTensor({ dims: [all.length, ...longest.dims], data });
}
