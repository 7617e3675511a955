/** Factors of the base learning rate, in [0, 1], as the functions of the same names of transformers' `get_scheduler`. */

/** 0 at the first step and 1 after the warm-up; so the first update has the rate 0 when there is one. */
const warmUp = (step: number, warmupSteps: number): number => step / warmupSteps;

/** The part of the steps after the warm-up that is done, from 0 to 1. */
const progress = (step: number, warmupSteps: number, totalSteps: number): number =>
  (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);

/**
 * Linear warm-up from 0 over `warmupSteps`, then linear decay to 0 at `totalSteps`.
 *
 * @param step counted from 0
 */
export function linearSchedule(step: number, warmupSteps: number, totalSteps: number): number {
  if (step < warmupSteps) return warmUp(step, warmupSteps);
  return Math.max(0, totalSteps - step) / Math.max(1, totalSteps - warmupSteps);
}

/**
 * Linear warm-up from 0 over `warmupSteps`, then half a wave of the cosine to 0 at `totalSteps`: (1 + cos(π · progress)) / 2.
 *
 * @param step counted from 0
 */
export function cosineSchedule(step: number, warmupSteps: number, totalSteps: number): number {
  if (step < warmupSteps) return warmUp(step, warmupSteps);
  return Math.max(0, (1 + Math.cos(Math.PI * Math.min(1, progress(step, warmupSteps, totalSteps)))) / 2);
}

/**
 * Linear warm-up from 0 over `warmupSteps`, then 1.
 *
 * @param step counted from 0
 */
export const constantWithWarmupSchedule = (step: number, warmupSteps: number): number =>
  step < warmupSteps ? warmUp(step, warmupSteps) : 1;
