import * as v from 'valibot';
import { InputError } from '../errors.ts';
import {
  finiteNumber,
  listOf,
  oneOf,
  openFields,
  orNone,
  parseWith,
  strictFields,
  text,
  type ValueOf,
} from '../settings/index.ts';
import { pruneReport, type RunResult, type RunSettings, runMetrics } from '../training/index.ts';

/** What a run came to, as it is stored. */
export const outcomeFields = {
  metrics: v.optional(orNone(runMetrics), null),
  pruning: v.optional(orNone(pruneReport), null),
  /** On the rows that judge, rounded; null for tasks without single answers. */
  answers: v.optional(orNone(strictFields({ targets: listOf(finiteNumber), predictions: listOf(finiteNumber) })), null),
  error: v.optional(orNone(text), null),
};
export type RunOutcome = { readonly status: 'finished' | 'failed' } & {
  readonly [Key in keyof typeof outcomeFields]: ValueOf<(typeof outcomeFields)[Key]>;
};

/** What a run that is finished came to. */
export function outcomeOf(
  { config, metrics, answers }: RunResult & { readonly status: 'finished' },
  { validationSplit }: RunSettings,
): RunOutcome {
  // Those that choose a grid point judge nothing.
  const kept = validationSplit === undefined ? answers : null;
  return {
    status: 'finished',
    metrics,
    pruning: config.pruning,
    answers: kept && { targets: kept.targets, predictions: kept.predictions.map(rounded) },
    error: null,
  };
}

/** What a run that has thrown came to. */
export function failureOf(error: unknown): RunOutcome {
  const told = error instanceof InputError || !(error instanceof Error) ? undefined : error.stack;
  const message = error instanceof Error ? error.message : String(error);
  return { status: 'failed', metrics: null, pruning: null, answers: null, error: told ?? message };
}

/** What a worker tells of a run: also its folder, as an absolute path on the machine of the worker. */
export type ToldOutcome = RunOutcome & { readonly folder: string | null };

/** Reads what a worker has sent of a run. @throws InputError for what is none */
export const readOutcome = (result: unknown, label: string): ToldOutcome => parseWith(outcome, result, label);

const outcome = openFields({
  status: oneOf(['finished', 'failed']),
  ...outcomeFields,
  folder: v.optional(orNone(text), null),
});

/** To three places, enough for a correlation to six. */
const rounded = (value: number): number => Math.round(1000 * value) / 1000;
