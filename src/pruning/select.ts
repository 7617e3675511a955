import type { FloatArray, Shape } from '../backends/backend.ts';
import { InputError } from '../errors.ts';
import { sizeOf } from '../tensor/shape.ts';
import { apportion } from './erdos-renyi.ts';
import type { PruningMethod } from './method.ts';

/** Returns how many of `count` weights a sparsity removes: floor(s · N + 1/2). @throws InputError outside [0, 1) */
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
  const mask = new Uint8Array(scores.length).fill(1);
  if (count === 0) return mask;
  const highest = Float64Array.from(scores).sort()[count - 1];
  let equal = count;
  scores.forEach((z, i) => {
    if (!(z < highest)) return;
    mask[i] = 0;
    equal--;
  });
  for (let i = 0; equal > 0; i++) {
    if (scores[i] !== highest) continue;
    mask[i] = 0;
    equal--;
  }
  return mask;
}

/** `global`: one budget over all matrices. `layer`: the same sparsity in each matrix. */
export type PruningScope = 'global' | 'layer';
export const pruningScopes: readonly PruningScope[] = ['global', 'layer'];

/** Matrices whose weights compete, and how many are removed from them together. */
export interface Budget {
  /** Positions of the matrices. */
  readonly members: readonly number[];
  /** Weights in them. */
  readonly size: number;
  /** The fraction removed, before it is rounded to whole weights. */
  readonly sparsity: number;
  readonly removed: number;
}

/**
 * The budgets of a sparsity: one for all matrices, or one for each with scope `layer` and where the method gives shares.
 *
 * @throws InputError for a sparsity outside [0, 1)
 */
export function budgetsOf(
  shapes: readonly Shape[],
  sparsity: number,
  scope: PruningScope,
  densitiesOf?: PruningMethod['densities'],
): Budget[] {
  const sizes = shapes.map(sizeOf);
  const size = sizes.reduce((sum, n) => sum + n, 0);
  const removed = prunedCount(sparsity, size);
  if (scope === 'layer') {
    return sizes.map((n, i) => ({ members: [i], size: n, sparsity, removed: prunedCount(sparsity, n) }));
  }
  if (!densitiesOf) return [{ members: shapes.map((_, i) => i), size, sparsity, removed }];
  const densities = densitiesOf(shapes, sparsity);
  return apportion(sizes, densities, removed).map((count, i) => ({
    members: [i],
    size: sizes[i],
    sparsity: 1 - densities[i],
    removed: count,
  }));
}

/**
 * Returns how many weights of a budget are removed after some of `rounds` rounds: the density falls exponentially, to
 * (1 - s)^(round / rounds) of all weights (Tanaka et al., 2020), and ends at exactly the count of a single round.
 */
export function removedAfter({ size, sparsity, removed }: Budget, round: number, rounds: number): number {
  if (round === rounds) return removed;
  const density = Math.max(0, 1 - sparsity) ** (round / rounds);
  return Math.min(removed, Math.floor((1 - density) * size + 0.5));
}

/**
 * One mask per tensor of scores.
 *
 * @param counts how many weights each of the budgets removes
 * @param removed masks of weights that are removed already, and stay so; they are among the counts
 */
export function masksWithin(
  scores: readonly FloatArray[],
  budgets: readonly Budget[],
  counts: readonly number[],
  removed: readonly Uint8Array[] | null = null,
): Uint8Array[] {
  const masks: Uint8Array[] = [];
  for (const [b, { members, size }] of budgets.entries()) {
    const competing = new Float64Array(size);
    let start = 0;
    const starts = members.map((i) => {
      competing.set(
        removed ? scores[i].map((z, j) => (removed[i][j] ? z : Number.NEGATIVE_INFINITY)) : scores[i],
        start,
      );
      start += scores[i].length;
      return start - scores[i].length;
    });
    const mask = lowestRemoved(competing, counts[b]);
    members.forEach((i, k) => {
      masks[i] = mask.slice(starts[k], starts[k] + scores[i].length);
    });
  }
  return masks;
}

/**
 * One mask per tensor of scores.
 *
 * @param sparsity the fraction removed, over all scores together or in each tensor, rounded to whole weights
 */
export function selectMasks(scores: readonly FloatArray[], sparsity: number, scope: PruningScope): Uint8Array[] {
  const shapes = scores.map(({ length }) => [length]);
  const budgets = budgetsOf(shapes, sparsity, scope);
  const counts = budgets.map(({ removed }) => removed);
  return masksWithin(scores, budgets, counts);
}
