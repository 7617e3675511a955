import { isLowerBetter } from '../metrics/score-names.ts';
import type { ScoredStep } from './records.ts';

/** The best evaluation by a metric, the first of equal ones; null if none has a number for it. */
export function bestOf(history: readonly ScoredStep[], metric: string): ScoredStep | null {
  const sign = isLowerBetter(metric) ? -1 : 1;
  const scoreIn = ({ metrics }: ScoredStep) => sign * (metrics[metric] ?? Number.NaN);
  return history.reduce<ScoredStep | null>(
    (best, scored) => (Number.isNaN(scoreIn(scored)) || (best && scoreIn(scored) <= scoreIn(best)) ? best : scored),
    null,
  );
}

/** Whether so many evaluations in a row were no better than one before them. */
export function isStalled(history: readonly ScoredStep[], metric: string, patience: number): boolean {
  const best = bestOf(history, metric);
  return best !== null && history.length - 1 - history.indexOf(best) >= patience;
}
