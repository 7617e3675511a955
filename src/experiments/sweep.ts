import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../errors.ts';
import type { OutputFolder } from '../io/index.ts';
import {
  hasCheckpoint,
  openUnlessBusy,
  RunCache,
  type RunEvents,
  type RunResult,
  readRunData,
  runTraining,
  type TaskModel,
  taskOf,
} from '../training/index.ts';
import { portableModel } from './inputs.ts';
import type { Cell, PlannedRun, SweepPlan } from './plan.ts';
import type { ResultStore } from './store.ts';
import type { StoredRun } from './stored-run.ts';

/** The display of a sweep that is running. */
export interface SweepEvents {
  readonly onRun?: (planned: PlannedRun) => void;
  /** The display of one run. */
  readonly run?: RunEvents;
  /**
   * @param run the number of the run, from 1
   * @param known whether it had been run before
   */
  readonly onRunEnd?: (planned: PlannedRun, run: number, stored: StoredRun, known: boolean) => void;
  /** Again and again while nothing is left but cells that other processes are at. */
  readonly onWait?: (cells: number) => void;
}

export interface SweepOptions {
  readonly plan: SweepPlan;
  readonly store: ResultStore;
  /** Existing runs are reused, and those that were stopped or killed continue. Default true; false repeats all of them. */
  readonly resume?: boolean;
  /** Whether runs that failed are tried again. Default false. */
  readonly retry?: boolean;
  /** Seconds between checkpoints of a run. */
  readonly checkpointSeconds?: number;
  readonly versions?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  /** When it is aborted the sweep stops after the current step and leaves a checkpoint. */
  readonly signal?: AbortSignal;
  readonly events?: SweepEvents;
}

export interface SweepResult {
  readonly status: 'finished' | 'stopped';
  /** Of all runs of the sweep. */
  readonly runs: number;
  /** Those that were there already. */
  readonly known: number;
  readonly failed: number;
}

/** The interval at which runs of other processes are looked at, in milliseconds. */
const LOOK_MS = 500;

/**
 * Runs all cells of a plan, one run after the other. Each result is in the store as soon as it is there. A run that fails is noted
 * with its error and the sweep continues. Several processes can share a sweep: what another one is at is left to it, and looked at
 * again when all else is done.
 *
 * @throws InputError if the data cannot be read
 */
export async function runSweep(options: SweepOptions): Promise<SweepResult> {
  const { plan, signal } = options;
  const cache = new RunCache();
  try {
    // Data that cannot be read are one error, not one for each run.
    for (const settings of plan.inputs) await readRunData(taskOf(settings), settings, cache);
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
  const { cell, seed, hash } = planned;
  const place = {
    ...{ experiment: plan.experiment.name, model: portableModel(cell.model) },
    ...{ row: cell.row.id, task: cell.task, seed },
  };
  const isKnown = () => {
    const earlier = resume ? store.find(hash) : null;
    return earlier?.status === 'finished' || (earlier?.status === 'failed' && !retry);
  };
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
    else {
      const { config, metrics, answers } = result;
      // Those that choose a grid point judge nothing.
      const kept = settings.validationSplit === undefined ? answers : null;
      store.end(hash, seconds(), {
        status: 'finished',
        metrics,
        pruning: config.pruning,
        answers: kept && { targets: kept.targets, predictions: kept.predictions.map(rounded) },
      });
    }
  } catch (error) {
    // While it prunes, a run that is stopped has nothing to save.
    const isStopped = options.signal?.aborted && error === options.signal.reason;
    if (isStopped) store.end(hash, seconds(), { status: 'stopped' });
    else store.end(hash, seconds(), { status: 'failed', error: messageOf(error) });
  }
}

/** To three places, enough for a correlation to six. */
const rounded = (value: number): number => Math.round(1000 * value) / 1000;

const messageOf = (error: unknown): string => {
  if (error instanceof InputError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};

/** Begins a run, or continues from its checkpoint; the one that ends without a row of its answers is begun again. */
async function attempt(
  { settings, hash, cell, seed }: PlannedRun,
  output: OutputFolder,
  store: ResultStore,
  goesOn: boolean,
  { versions, command, signal, checkpointSeconds, events }: Omit<SweepOptions, 'plan' | 'store'>,
  cache: RunCache,
): Promise<RunResult> {
  const { folder } = output;
  const resume = goesOn && hasCheckpoint(folder);
  if (!resume) output.replace({});
  const name = `${cell.row.id}-${cell.task}-s${seed}-${hash.slice(0, 6)}`;
  const shown = events?.run ?? {};
  let loaded: TaskModel | null = null;
  const onLoaded = (model: TaskModel) => {
    loaded = model;
    shown.onLoaded?.(model);
  };
  const run = runTraining({
    settings,
    output,
    resume,
    command,
    versions,
    signal,
    checkpointSeconds,
    cache,
    tensorboard: join(store.folder, 'tensorboard', name),
    events: {
      ...shown,
      onLoaded,
    },
  });
  // The runs of a sweep take too much memory to leave it to the garbage collector.
  return run.finally(() => loaded?.dispose());
}
