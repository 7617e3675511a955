import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { OutputFolder } from '../io/index.ts';
import { failureOf, outcomeOf } from '../queue/run-outcome.ts';
import {
  hasCheckpoint,
  openUnlessBusy,
  RunCache,
  type RunResult,
  readRunData,
  runTraining,
  type TaskModel,
  taskOf,
} from '../training/index.ts';
import type { Cell, PlannedRun } from './plan.ts';
import { runQueued } from './queued-sweep.ts';
import type { ResultStore } from './store.ts';
import type { StoredRun } from './stored-run.ts';
import { hasEnded, placeOf, runName, type SweepOptions, type SweepResult } from './sweep-options.ts';

/** The interval at which runs of other processes are looked at, in milliseconds. */
const LOOK_MS = 500;

/**
 * Runs all cells of a plan, one run after the other. Each result is in the store as soon as it is there. A run that fails is noted
 * with its error and the sweep continues. Several processes can share a sweep: what another one is at is left to it, and looked at
 * again when all else is done. With a queue its workers run them, as many at once as they can; one that is stopped leaves them to it.
 *
 * @throws InputError if the data cannot be read, and for a queue that cannot be used
 */
export async function runSweep(options: SweepOptions): Promise<SweepResult> {
  const { plan, signal } = options;
  const cache = new RunCache();
  try {
    // Data that cannot be read are one error, not one for each run.
    for (const settings of plan.inputs) await readRunData(taskOf(settings), settings, cache);
    if (options.queue) return await runQueued({ ...options, queue: options.queue });
    const sweep: Sweep = { options, cache, count: { runs: 0, known: 0, failed: 0 }, done: new Set() };
    let cells = plan.cells;
    while (cells.length > 0) {
      const before = sweep.done.size;
      const left: Cell[] = [];
      for (const cell of cells) {
        // A fusion takes the adapters of other cells.
        const isReady = cell.row.fuses === undefined || left.every(({ row }) => row.fuses !== undefined);
        const state = isReady ? await runCell(cell, sweep) : 'busy';
        if (state === 'stopped') return { status: 'stopped', ...sweep.count };
        if (state === 'busy') left.push(cell);
      }
      cells = left;
      if (cells.length > 0 && sweep.done.size === before) {
        options.events?.onWait?.(cells.length);
        await pause(LOOK_MS, undefined, { signal }).catch(() => {});
      }
      if (signal?.aborted) return { status: 'stopped', ...sweep.count };
    }
    return { status: 'finished', ...sweep.count };
  } finally {
    cache.dispose();
  }
}

interface Sweep {
  readonly options: SweepOptions;
  readonly cache: RunCache;
  readonly count: { runs: number; known: number; failed: number };
  /** Hashes of runs that have ended. */
  readonly done: Set<string>;
}

/** Runs what a cell lacks. @returns `busy` when another process is at one of its runs */
async function runCell(cell: Cell, { options, cache, count, done }: Sweep): Promise<'done' | 'busy' | 'stopped'> {
  const { plan, store, signal } = options;
  const lookup = (hash: string) => store.find(hash);
  const stages = [() => plan.search(cell, lookup), () => plan.result(cell, lookup)];
  for (const stage of stages) {
    let isBusy = false;
    for (const planned of stage()) {
      // The point that was chosen has been run with the first seed.
      if (done.has(planned.hash)) continue;
      if (signal?.aborted) return 'stopped';
      const state = await ensureRun(planned, options, cache);
      if (state === 'busy') {
        isBusy = true;
        continue;
      }
      done.add(planned.hash);
      count.runs++;
      const stored = store.find(planned.hash) as StoredRun;
      if (stored.status === 'stopped') return 'stopped';
      if (state === 'known') count.known++;
      if (stored.status === 'failed') count.failed++;
      options.events?.onRunEnd?.(planned, count.runs, stored, state === 'known');
    }
    if (isBusy) return 'busy';
  }
  return 'done';
}

/** Runs what is not in the store. @returns whether it was there, or another process is at it */
async function ensureRun(
  planned: PlannedRun,
  options: SweepOptions,
  cache: RunCache,
): Promise<'known' | 'run' | 'busy'> {
  const { plan, store, resume = true, retry = false } = options;
  const { hash } = planned;
  const place = placeOf(planned, plan);
  const isKnown = () => resume && hasEnded(store.find(hash), retry);
  const known = () => {
    store.place(hash, place);
    return 'known' as const;
  };
  if (isKnown()) return known();
  const output = openUnlessBusy(store.runFolder(hash));
  if (output === null) return 'busy';
  try {
    // Another process may have had it until now.
    if (isKnown()) return known();
    await runHere(planned, output, options, cache, () => store.place(hash, place));
    return 'run';
  } finally {
    output.close();
  }
}

/** Runs it, and notes in the store what came of it. */
async function runHere(
  planned: PlannedRun,
  output: OutputFolder,
  { store, resume = true, versions = {}, command = [], ...options }: SweepOptions,
  cache: RunCache,
  onBegin: () => void,
): Promise<void> {
  const { settings, inputs, hash } = planned;
  const goesOn = resume && store.find(hash) !== null;
  store.begin(hash, { settings, inputs, versions, command });
  onBegin();
  options.events?.onRun?.(planned);
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  try {
    const result = await attempt(planned, output, store, goesOn, { versions, command, ...options }, cache);
    if (result.status === 'stopped') store.end(hash, seconds(), { status: 'stopped' });
    else store.end(hash, seconds(), outcomeOf(result, settings));
  } catch (error) {
    // While it prunes, a run that is stopped has nothing to save.
    const isStopped = options.signal?.aborted && error === options.signal.reason;
    if (isStopped) store.end(hash, seconds(), { status: 'stopped' });
    else store.end(hash, seconds(), failureOf(error));
  }
}

/** Begins a run, or continues from its checkpoint; the one that ends without a row of its answers is begun again. */
async function attempt(
  planned: PlannedRun,
  output: OutputFolder,
  store: ResultStore,
  goesOn: boolean,
  { versions, command, signal, checkpointSeconds, events }: Omit<SweepOptions, 'plan' | 'store'>,
  cache: RunCache,
): Promise<RunResult> {
  const { folder } = output;
  const resume = goesOn && hasCheckpoint(folder);
  if (!resume) output.replace({});
  const shown = events?.run ?? {};
  let loaded: TaskModel | null = null;
  const onLoaded = (model: TaskModel) => {
    loaded = model;
    shown.onLoaded?.(model);
  };
  const run = runTraining({
    settings: planned.settings,
    output,
    resume,
    command,
    versions,
    signal,
    checkpointSeconds,
    cache,
    tensorboard: join(store.folder, 'tensorboard', runName(planned)),
    events: {
      ...shown,
      onLoaded,
    },
  });
  // The runs of a sweep take too much memory to leave it to the garbage collector.
  return run.finally(() => loaded?.dispose());
}
