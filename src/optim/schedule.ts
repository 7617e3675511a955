/**
 * Linear warm-up from 0 over `warmupSteps`, then linear decay to 0 at `totalSteps`.
 *
 * @param step counted from 0, so the first update has the rate 0 when there is a warm-up
 * @returns the factor of the base learning rate, in [0, 1]
 */
export function linearSchedule(step: number, warmupSteps: number, totalSteps: number): number {
  if (step < warmupSteps) return step / warmupSteps;
  return Math.max(0, totalSteps - step) / Math.max(1, totalSteps - warmupSteps);
}
