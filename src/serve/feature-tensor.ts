import { type NestedNumbers, nested } from '../tensor/nested.ts';
import type { Numbers } from './outputs.ts';

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
  tolist(): NestedNumbers {
    return nested(this.data, this.dims);
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
