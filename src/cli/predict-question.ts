import { UsageError } from './errors.ts';

/** Options of a model that answers questions. */
export interface QuestionFlags {
  readonly question?: string;
  readonly context?: string;
  readonly nullScoreDiffThreshold?: number;
}

/**
 * Refuses options of questions.
 *
 * @param does what the model does instead
 * @throws UsageError where one is given
 */
export function refuseQuestion({ question, context, nullScoreDiffThreshold }: QuestionFlags, does: string): void {
  if (question !== undefined || context !== undefined)
    throw new UsageError(`--question and --context are for a model of questions; this one ${does}.`);
  if (nullScoreDiffThreshold !== undefined)
    throw new UsageError(`--null-score-diff-threshold is for a model of questions; this one ${does}.`);
}
