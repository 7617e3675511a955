import type { FloatArray } from '../backends/backend.ts';
import type { Random } from '../random/random.ts';

/**
 * Sanity checks of a mask (Frankle et al., 2021, section 5). What is as good without the choice of single weights did not need it:
 *
 * - `shuffled`: each matrix keeps as many weights as the method gives it, at random places;
 * - `redrawn`: the mask stays, and the weights under it are drawn anew: the first values of each matrix in another order, which are
 *   as good as new draws, since those of one matrix are alike and independent;
 * - `inverted`: the weights with the lowest scores are kept.
 */
export const pruningControls = ['shuffled', 'redrawn', 'inverted'] as const;
export type PruningControl = (typeof pruningControls)[number];

/** The scores by which weights are kept. */
export const controlledScores = (scores: FloatArray[], control: PruningControl | undefined): FloatArray[] =>
  control === 'inverted' ? scores.map((values) => values.map((z) => -z)) : scores;

/** A matrix of first values and its mask, as a control wants them. */
export function controlled(
  values: FloatArray,
  mask: Uint8Array,
  control: PruningControl,
  random: Random,
): { readonly values: ArrayLike<number>; readonly mask: Uint8Array } {
  const order = random.permutation(mask.length);
  if (control === 'shuffled') return { values, mask: mask.map((_, i) => mask[order[i]]) };
  return { values: control === 'redrawn' ? values.map((_, i) => values[order[i]]) : values, mask };
}
