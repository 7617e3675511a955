import type { FloatArray } from '../backends/backend.ts';
import { InputError } from '../errors.ts';

/** How many of `count` weights a sparsity removes: floor(s · N + 1/2). @throws InputError outside [0, 1) */
export function prunedCount(sparsity: number, count: number): number {
  if (!(sparsity >= 0 && sparsity < 1)) {
    throw new InputError(
      `sparsity ${sparsity} is outside [0, 1); it is the fraction of weights removed, 0.4 removes 40 %.`,
    );
  }
  return Math.floor(sparsity * count + 0.5);
}

/**
 * The mask that removes exactly `count` elements, those with the lowest scores; among equal scores the lower position goes
 * first. For distinct scores this is Algorithm 1 of SparseAdapter (He et al., 2022): keep z >= z_s, the s-th percentile.
 *
 * @returns 1 for kept, 0 for removed
 */
export function lowestRemoved(scores: FloatArray, count: number): Uint8Array {
  const order = new Uint32Array(scores.length).map((_, i) => i);
  order.sort((a, b) => scores[a] - scores[b] || a - b);
  const mask = new Uint8Array(scores.length).fill(1);
  for (const i of order.subarray(0, count)) mask[i] = 0;
  return mask;
}

/** `global`: one budget over all matrices. `layer`: the same sparsity in each matrix. */
export type Scope = 'global' | 'layer';

/**
 * One mask per tensor of scores.
 *
 * @param sparsity the fraction removed, over all scores together or in each tensor, rounded to whole weights
 */
export function selectMasks(scores: readonly FloatArray[], sparsity: number, scope: Scope): Uint8Array[] {
  if (scope === 'layer') return scores.map((z) => lowestRemoved(z, prunedCount(sparsity, z.length)));
  const total = scores.reduce((sum, z) => sum + z.length, 0);
  const all = new Float64Array(total);
  let start = 0;
  const starts = scores.map((z) => {
    all.set(z, start);
    start += z.length;
    return start - z.length;
  });
  const mask = lowestRemoved(all, prunedCount(sparsity, total));
  return scores.map((z, i) => mask.slice(starts[i], starts[i] + z.length));
}
