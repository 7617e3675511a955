import type { Point } from './distribution.ts';

/** Whether a higher score is better. */
export type Direction = 'maximize' | 'minimize';

/** The states of a trial, with their numbers in the journal as places. */
export const trialStates = ['running', 'complete', 'pruned', 'failed', 'waiting'] as const;
export type TrialState = (typeof trialStates)[number];

/** One run of a search. */
export interface Trial {
  /** In its study, from 0. */
  readonly number: number;
  readonly state: TrialState;
  /** The score; null without one. Of a pruned trial the last one reported. */
  readonly value: number | null;
  readonly point: Point;
  /** Scores while it ran, by step. */
  readonly reports: ReadonlyMap<number, number>;
}

/** The last report of a trial; null without one. */
export function lastReport({ reports }: Pick<Trial, 'reports'>): readonly [step: number, value: number] | null {
  const steps = [...reports.keys()];
  if (steps.length === 0) return null;
  const step = Math.max(...steps);
  return [step, reports.get(step) as number];
}

/** Compares scores, the better one first; what is no number comes last. */
export function compareScores(direction: Direction, a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return direction === 'maximize' ? b - a : a - b;
}

/** The best of the complete trials, of equal ones the first; null if there is none. */
export const bestTrial = <T extends Trial>(trials: readonly T[], direction: Direction): T | null =>
  trials.reduce<T | null>((best, trial) => {
    if (trial.state !== 'complete' || trial.value === null) return best;
    if (best === null || compareScores(direction, trial.value, best.value as number) < 0) return trial;
    return best;
  }, null);
