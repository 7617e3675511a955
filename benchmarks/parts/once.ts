import type { Effort } from '../plan.ts';

/** For what begins anew in each run, so that there is nothing to warm up. */
export const once: Effort = {
  warmUp: { rounds: 0, seconds: 0 },
  rounds: 1,
  seconds: Number.POSITIVE_INFINITY,
};
