import type { FloatArray } from '../backends/backend.ts';
import { InputError } from '../errors.ts';
import type { Parameter } from '../nn/index.ts';
import { lowestRemoved } from '../pruning/index.ts';
import type { Trainer } from './trainer.ts';

/** The part of the kept weights that the first change moves, and the part of the training after which none moves (Evci et al., 2020). */
const FIRST = 0.3;
const END = 0.75;

/** The part of the kept weights of each matrix that moves after a step: α/2 (1 + cos(π t / T)) before the last change. */
export function movedPart(step: number, totalSteps: number): number {
  const end = END * totalSteps;
  return step < end ? (FIRST / 2) * (1 + Math.cos((Math.PI * step) / end)) : 0;
}

/**
 * The mask of a matrix after `count` weights have moved: of the kept ones those with the smallest magnitudes go, and as many come where
 * the gradient is largest, which can be where one has just gone.
 */
export function movedMask(
  weights: FloatArray,
  gradient: FloatArray,
  mask: ArrayLike<number>,
  count: number,
): Uint8Array {
  const stays = lowestRemoved(
    weights.map((w, i) => (mask[i] ? Math.abs(w) : Number.POSITIVE_INFINITY)),
    count,
  ).map((kept, i) => (mask[i] ? kept : 0));
  const left = stays.reduce((sum, kept) => sum + kept, 0);
  const scores = gradient.map((g, i) => (stays[i] ? Number.POSITIVE_INFINITY : Math.abs(g)));
  return lowestRemoved(scores, mask.length - left - count);
}

/** A pruned matrix before its mask changes. */
interface Before {
  readonly parameter: Parameter;
  readonly weights: FloatArray;
  readonly mask: ArrayLike<number>;
  /** The number of weights that the mask keeps. */
  readonly kept: number;
  readonly m: FloatArray;
  readonly v: FloatArray;
}

/**
 * RigL (Evci et al., 2020): moves kept weights of each pruned matrix to where the gradient of the step's batches is largest. As many
 * are kept as before. What comes starts at 0, without moments of the optimiser.
 *
 * @param parameters those with a mask move, if they are trained
 * @throws InputError for a gradient that is not finite
 */
export async function moveMasks<Item>(trainer: Trainer<Item>, parameters: readonly Parameter[]): Promise<void> {
  const part = movedPart(trainer.step, trainer.totalSteps);
  const state = await trainer.state();
  const moments = new Map(state.moments);
  const pruned: Before[] = [];
  for (const parameter of part > 0 ? parameters.filter(({ isPruned }) => isPruned) : []) {
    const [weights, mask] = [await parameter.data(), await parameter.keptPlaces()];
    const own = moments.get(parameter.name);
    if (!mask || !own) continue;
    const [m, v] = [own.m, own.v].map((values) => parameter.spread(Float32Array.from(values)));
    pruned.push({ parameter, weights, mask, kept: parameter.keptCount(), m, v });
  }
  if (pruned.length === 0) return;
  // A weight behind a mask has no gradient.
  for (const { parameter } of pruned) parameter.setMask(null);
  const gradients = await trainer.gradientsOfLast();
  for (const { parameter, weights, mask, kept, m, v } of pruned) {
    const gradient = gradients.get(parameter.name);
    if (!gradient?.every(Number.isFinite)) {
      throw new InputError(`A gradient of ${parameter.name} is not finite; lower the learning rate.`);
    }
    const moved = movedMask(weights, gradient, mask, Math.floor(part * kept + 0.5));
    parameter.setMask(moved);
    parameter.fixMask();
    const carried = (values: FloatArray): FloatArray => {
      const whole = values.map((value, i) => (mask[i] && moved[i] ? value : 0));
      return parameter.pattern ? whole.filter((_, i) => moved[i] !== 0) : whole;
    };
    moments.set(parameter.name, { m: carried(m), v: carried(v) });
  }
  trainer.restore({ step: state.step, moments });
}
