import { compareScores, type Direction } from './trial.ts';

/** Options of asynchronous successive halving. */
export interface HalvingOptions {
  /** Steps after which a trial is judged first, r. */
  readonly minResource: number;
  /** Of so many trials one goes on, η. */
  readonly reductionFactor: number;
  /** So many trials end at each rung before one goes on. Default 0. */
  readonly bootstrapCount?: number;
}

/** The scores with which trials reached rungs, by rung, of all trials of a study. */
export type Rungs = readonly (readonly number[])[];

/** The step at which a trial reaches a rung: r η^rung. */
export const rungStep = ({ minResource, reductionFactor }: HalvingOptions, rung: number): number =>
  minResource * reductionFactor ** rung;

/**
 * Judges a report by asynchronous successive halving (Li et al., 2020) as Optuna does: a trial that reaches rung k goes on if its score
 * is among the best 1/η of all that have reached it so far.
 *
 * @param reached rungs that the trial has reached before
 * @param rungs scores of the other trials, by rung
 * @returns the rungs that it reaches with this report, and whether it ends here
 */
export function judge(
  step: number,
  value: number,
  reached: number,
  rungs: Rungs,
  direction: Direction,
  options: HalvingOptions,
): { readonly reached: number[]; readonly isPruned: boolean } {
  const now: number[] = [];
  for (let rung = reached; ; rung++) {
    if (step < rungStep(options, rung)) return { reached: now, isPruned: false };
    if (Number.isNaN(value)) return { reached: now, isPruned: true };
    now.push(rung);
    const scores = [...(rungs[rung] ?? []), value].sort((a, b) => compareScores(direction, a, b));
    const { reductionFactor, bootstrapCount = 0 } = options;
    const last = scores[Math.max(Math.floor(scores.length / reductionFactor), 1) - 1];
    if (scores.length <= bootstrapCount || compareScores(direction, value, last) > 0)
      return { reached: now, isPruned: true };
  }
}
