import { InputError } from '../errors.ts';
import {
  cancelled,
  type Dispatcher,
  fileDigests,
  hashOf,
  jobOf,
  kernelsInUse,
  numericsVersion,
  type RunProgress,
  readOutcome,
} from '../queue/index.ts';
import {
  type RunMetrics,
  type RunSettings,
  type ScoredStep,
  checkpointSeconds as usualSeconds,
} from '../training/index.ts';
import type { SearchOptions } from './search.ts';

/** What takes the scores of a trial that is under way. */
interface ScoreReports {
  totalSteps: number;
  /** Aborted when the trial is to end. */
  readonly signal: AbortSignal;
  add(scored: ScoredStep): void;
}

/** The scores of a trial, and where its run lies if a worker has run it. */
export interface TrialScores extends Pick<RunMetrics, 'metrics'> {
  /** Absolute, on the machine of the worker. */
  readonly folder?: string | null;
  /** Its name. */
  readonly worker?: string | null;
}

/** The run of a trial: the digest by which it is known, and what it is applied to. */
export function trialRun(settings: RunSettings) {
  const inputs = { numerics: numericsVersion, kernels: kernelsInUse(), ...fileDigests(settings.model, settings) };
  return { inputs, hash: hashOf(settings, inputs) };
}

/**
 * Has the run of a trial run by a worker.
 *
 * @returns its scores and its place; null if it was ended early
 * @throws InputError for a run that fails, and the reason of the signal of the search
 */
export async function queuedTrial(
  number: number,
  settings: RunSettings,
  reports: ScoreReports,
  dispatcher: Dispatcher,
  { versions, checkpointSeconds = usualSeconds, events }: SearchOptions,
): Promise<TrialScores | null> {
  const version = versions?.['sparse-adapter'] ?? '';
  const job = jobOf({ ...trialRun(settings), title: `trial ${number}`, settings, version, checkpointSeconds });
  let reported = 0;
  const report = (progress: unknown) => {
    const { step, scored } = (progress ?? { step: null, scored: [] }) as RunProgress;
    reports.totalSteps = step?.totalSteps ?? reports.totalSteps;
    for (const one of scored.slice(reported)) reports.add(one);
    reported = Math.max(reported, scored.length);
  };
  const cancel = () => void dispatcher.cancel(job.id).catch(() => {});
  reports.signal.addEventListener('abort', cancel);
  try {
    for (;;) {
      const record = await dispatcher.run(job, {
        retry: true,
        events: {
          onLine: (line) => events?.run?.onWarning?.(line.replace(/^warning: /, '')),
          onActive: ({ progress }) => report(progress),
        },
      });
      report(record.progress);
      if (record.state === 'done') {
        const { metrics, error, folder } = readOutcome(record.result, job.id);
        if (metrics) return { metrics: metrics.metrics, folder, worker: record.worker };
        throw new InputError(error ?? 'its worker gave no scores');
      }
      if (record.error !== cancelled) throw new InputError(record.error ?? 'its worker gave no reason');
      // Another trial with the same settings may have been ended early.
      if (reports.signal.aborted) return null;
    }
  } finally {
    reports.signal.removeEventListener('abort', cancel);
  }
}
