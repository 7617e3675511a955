import { resolve } from 'node:path';
import { isFolder } from '../io/index.ts';
import {
  listOf,
  nonEmptyText,
  nonNegative,
  openFields,
  orNone,
  strictFields,
  text,
  type ValueOf,
} from '../settings/index.ts';
import {
  type RunEvents,
  type RunSettings,
  type ScoredStep,
  type StepProgress,
  storedSettings,
} from '../training/index.ts';
import { pluginsOfRun } from '../training/plugins.ts';
import type { Job } from './job-queue.ts';
import { portable, type RunInputs, runInputs } from './run-inputs.ts';

/** A run as a job: all that decides its numbers, and where its files were on the machine that asked for it. */
export type RunJob = ValueOf<typeof runJob>;
export const runJob = openFields({
  /** Of the package that asks for it. */
  version: nonEmptyText,
  hash: nonEmptyText,
  /** In words. */
  title: text,
  /** Without places. */
  settings: storedSettings,
  inputs: runInputs,
  /** Absolute paths; null for what is no file. */
  places: strictFields({
    model: orNone(nonEmptyText),
    data: orNone(nonEmptyText),
    evalData: orNone(nonEmptyText),
    fused: listOf(nonEmptyText),
  }),
  /** SHA-256 of the files of plugins. */
  plugins: listOf(nonEmptyText),
  checkpointSeconds: nonNegative,
});

export interface RunJobOptions {
  readonly hash: string;
  readonly title: string;
  readonly settings: RunSettings;
  readonly inputs: RunInputs;
  readonly version: string;
  readonly checkpointSeconds: number;
}

/** The id of the job of a run. One of digits alone would be refused by the queue on Redis. */
export const jobId = (hash: string): string => `run-${hash}`;

/** Returns a run as a job. */
export function jobOf({ settings, ...rest }: RunJobOptions): Job {
  const { model, data, evalData, fused = [] } = settings;
  const place = (path: string | undefined) => (path === undefined ? null : resolve(path));
  const job: RunJob = {
    ...rest,
    settings: portable(settings),
    places: {
      model: isFolder(model) ? resolve(model) : null,
      data: place(data),
      evalData: place(evalData),
      fused: fused.map(({ run }) => resolve(run)),
    },
    plugins: (pluginsOfRun() ?? []).map(({ sha256 }) => sha256).sort(),
  };
  return { id: jobId(rest.hash), data: job };
}

/** What a run tells while it is worked on. */
export interface RunProgress {
  readonly stage: 'pruning' | 'training' | 'evaluating';
  readonly done: number;
  readonly total: number;
  /** The step of the training that was done last. */
  readonly step: StepProgress | null;
  /** All scores so far. */
  readonly scored: readonly ScoredStep[];
}

/** Shows what a run has told last as the run itself would. */
export function showProgress({ stage, done, total, step }: RunProgress, events: RunEvents = {}): void {
  if (stage === 'pruning') events.onPruning?.(done, total);
  else if (stage === 'evaluating') events.onEvaluate?.(done, total);
  else if (step) events.onStep?.(step);
}
