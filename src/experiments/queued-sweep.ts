import { InputError } from '../errors.ts';
import {
  Dispatcher,
  failureOf,
  type JobQueue,
  type JobRecord,
  jobId,
  jobOf,
  type RunProgress,
  showProgress,
} from '../queue/index.ts';
import { isRecord, parseWith } from '../settings/index.ts';
import type { Cell, PlannedRun } from './plan.ts';
import { type StoredRun, storedRun } from './stored-run.ts';
import { hasEnded, placeOf, runName, type SweepOptions, type SweepResult } from './sweep-options.ts';

type QueuedOptions = SweepOptions & { readonly queue: JobQueue };

/**
 * Runs all cells of a plan by the workers of a queue: all runs that can run now are in it at once, and those that depend on results
 * follow. Only this process writes the store.
 */
export async function runQueued(options: QueuedOptions): Promise<SweepResult> {
  const { plan, store, queue, signal, events } = options;
  if (options.resume === false) throw new InputError('Runs of a queue are not repeated (resume: false).');
  const dispatcher = new Dispatcher(queue, signal, async () => {
    const { waiting, active } = await queue.counts();
    events?.onQueue?.({ waiting, active, workers: (await queue.workers()).length });
  });
  const count = { runs: 0, known: 0, failed: 0 };
  const begun = new Map<string, Promise<void>>();

  const ensure = async (planned: PlannedRun) => {
    const isKnown = hasEnded(store.find(planned.hash), options.retry ?? false);
    if (!isKnown) store.insert(rowOf(planned, await queued(planned, dispatcher, options), options));
    store.place(planned.hash, placeOf(planned, plan));
    const stored = store.find(planned.hash) as StoredRun;
    count.runs++;
    if (isKnown) count.known++;
    if (stored.status === 'failed') count.failed++;
    events?.onRunEnd?.(planned, count.runs, stored, isKnown);
  };
  // One run may be of several cells.
  const ensureOnce = (planned: PlannedRun): Promise<void> => {
    const run = begun.get(planned.hash) ?? ensure(planned);
    begun.set(planned.hash, run);
    return run;
  };
  const lookup = (hash: string) => store.find(hash);
  const runCell = async (cell: Cell) => {
    await Promise.all(plan.search(cell, lookup).map(ensureOnce));
    await Promise.all(plan.result(cell, lookup).map(ensureOnce));
  };
  try {
    // A fusion takes the adapters of other cells.
    for (const isFusion of [false, true])
      await Promise.all(plan.cells.filter(({ row }) => (row.fuses !== undefined) === isFusion).map(runCell));
    return { status: 'finished', ...count };
  } catch (error) {
    if (!signal?.aborted || error !== signal.reason) throw error;
    return { status: 'stopped', ...count };
  }
}

function queued(
  planned: PlannedRun,
  dispatcher: Dispatcher,
  { retry, versions = {}, checkpointSeconds = 60, events }: QueuedOptions,
): Promise<JobRecord> {
  const { hash, settings, inputs } = planned;
  const title = runName(planned);
  const version = versions['sparse-adapter'] ?? '';
  let isTold = false;
  return dispatcher.run(jobOf({ hash, title, settings, inputs, version, checkpointSeconds }), {
    retry,
    events: {
      onLine: (line) => events?.run?.onWarning?.(line.replace(/^warning: /, '')),
      onActive: ({ progress }) => {
        if (!isTold) events?.onRun?.(planned);
        isTold = true;
        if (progress !== null) showProgress(progress as RunProgress, events?.run);
      },
    },
  });
}

/** The row of a run that a worker has run. @throws InputError for one that is none */
function rowOf(
  { hash, settings, inputs }: PlannedRun,
  { state, result, error }: JobRecord,
  { versions = {}, command = [] }: QueuedOptions,
): StoredRun {
  const now = new Date().toISOString();
  const { folder: _, ...told }: Record<string, unknown> =
    state === 'done' && isRecord(result)
      ? result
      : { ...failureOf(new InputError(error ?? 'its worker gave no result')), started: now, seconds: 0, versions };
  return parseWith(storedRun, { ended: now, ...told, hash, settings, inputs, command }, jobId(hash));
}
