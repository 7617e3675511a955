import { isLowerBetter } from '../metrics/score-names.ts';
import type { ScoredStep } from './records.ts';
import type { Scores } from './task.ts';

/**
 * The best evaluation by a metric; of equal ones that with the best other scores, in their order, then the last: a few rows cannot tell
 * them apart, and the first would leave a model that has hardly been trained. Null if none has a number for it.
 */
export function bestOf(history: readonly ScoredStep[], metric: string): ScoredStep | null {
  return history.reduce<ScoredStep | null>((best, scored) => {
    if (Number.isNaN(scored.metrics[metric] ?? Number.NaN)) return best;
    return best && isBetter(best.metrics, scored.metrics, metric) ? best : scored;
  }, null);
}

function isBetter(scores: Scores, others: Scores, metric: string): boolean {
  for (const name of [metric, ...Object.keys(others)]) {
    const difference = (isLowerBetter(name) ? -1 : 1) * (scores[name] - others[name]);
    if (difference !== 0 && !Number.isNaN(difference)) return difference > 0;
  }
  return false;
}

/** Whether so many evaluations in a row were no better by a metric than one before them. */
export function isStalled(history: readonly ScoredStep[], metric: string, patience: number): boolean {
  const best = bestOf(history, metric);
  if (!best) return false;
  const first = history.findIndex(({ metrics }) => metrics[metric] === best.metrics[metric]);
  return history.length - 1 - first >= patience;
}
