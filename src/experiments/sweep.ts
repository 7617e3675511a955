import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.ts';
import {
  type AdaptedModel,
  hasCheckpoint,
  isFinishedRun,
  RunCache,
  type RunEvents,
  type RunResult,
  readRunConfig,
  readRunData,
  readRunMetrics,
  readStoppedRun,
  runTraining,
  taskOf,
} from '../training/index.ts';
import type { PlannedRun, SweepPlan } from './plan.ts';
import type { ResultStore, StoredRun } from './store.ts';
import { EventWriter } from './tensorboard.ts';

/** What a command shows while a sweep goes on. */
export interface SweepEvents {
  readonly onRun?: (planned: PlannedRun) => void;
  /** What is shown of a run. */
  readonly run?: RunEvents;
  /**
   * @param run the number of the run, from 1
   * @param known whether it had been run before
   */
  readonly onRunEnd?: (planned: PlannedRun, run: number, stored: StoredRun, known: boolean) => void;
}

export interface SweepOptions {
  readonly plan: SweepPlan;
  readonly store: ResultStore;
  /** Runs that exist are taken over, and those that were stopped or killed go on. Default true; false repeats all of them. */
  readonly resume?: boolean;
  /** Whether runs that failed are tried again. Default false. */
  readonly retry?: boolean;
  /** How often a run leaves a checkpoint. */
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

/**
 * Runs all cells of a plan, one run after the other. Each result is in the store as soon as it is there. A run that fails is noted
 * with its error and the sweep goes on.
 *
 * @throws InputError if the data cannot be read
 */
export async function runSweep(options: SweepOptions): Promise<SweepResult> {
  const { plan, store, signal } = options;
  const cache = new RunCache();
  const count = { runs: 0, known: 0, failed: 0 };
  const done = new Set<string>();
  const lookup = (hash: string) => store.find(hash);
  try {
    // Data that cannot be read are one error, not one for each run.
    for (const data of plan.data) await readRunData(taskOf(data), { data, seed: plan.settings.seeds[0] }, cache);
    for (const cell of plan.cells) {
      const stages = [() => plan.search(cell, lookup), () => plan.result(cell, lookup)];
      for (const stage of stages) {
        for (const planned of stage()) {
          // The point that was chosen has been run with the first seed.
          if (done.has(planned.hash)) continue;
          done.add(planned.hash);
          if (signal?.aborted) return { status: 'stopped', ...count };
          count.runs++;
          const known = await ensureRun(planned, options, cache);
          const stored = store.find(planned.hash) as StoredRun;
          if (stored.status === 'stopped') return { status: 'stopped', ...count };
          if (known) count.known++;
          if (stored.status === 'failed') count.failed++;
          options.events?.onRunEnd?.(planned, count.runs, stored, known);
        }
      }
    }
    return { status: 'finished', ...count };
  } finally {
    cache.dispose();
  }
}

/** Runs what is not in the store. @returns whether it was there */
async function ensureRun(
  planned: PlannedRun,
  { plan, store, resume = true, retry = false, versions = {}, command = [], ...options }: SweepOptions,
  cache: RunCache,
): Promise<boolean> {
  const { cell, seed, settings, hash } = planned;
  const place = { experiment: plan.experiment.name, model: cell.model, row: cell.row.id, task: cell.task, seed };
  const earlier = resume ? store.find(hash) : null;
  if (earlier?.status === 'finished' || (earlier?.status === 'failed' && !retry)) {
    store.place(hash, place);
    return true;
  }
  store.begin(hash, { settings, versions, command });
  store.place(hash, place);
  options.events?.onRun?.(planned);
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  try {
    const result = await attempt(planned, store, resume && earlier !== null, { versions, command, ...options }, cache);
    if (result.status === 'stopped') store.end(hash, seconds(), { status: 'stopped' });
    else {
      const { config, metrics } = result;
      store.end(hash, seconds(), { status: 'finished', metrics, pruning: config.pruning });
    }
  } catch (error) {
    // While it prunes, a run that is stopped has nothing to save.
    const isStopped = options.signal?.aborted && error === options.signal.reason;
    if (isStopped) store.end(hash, seconds(), { status: 'stopped' });
    else store.end(hash, seconds(), { status: 'failed', error: messageOf(error) });
  }
  return false;
}

const messageOf = (error: unknown): string => {
  if (error instanceof InputError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};

/** Begins a run, or goes on from its checkpoint; one whose process was killed after it was saved is read. */
async function attempt(
  { settings, hash, cell, seed }: PlannedRun,
  store: ResultStore,
  goesOn: boolean,
  { versions, command, signal, checkpointSeconds, events }: Omit<SweepOptions, 'plan' | 'store'>,
  cache: RunCache,
): Promise<RunResult> {
  const folder = store.runFolder(hash);
  if (goesOn && isFinishedRun(folder)) {
    return { status: 'finished', config: readRunConfig(folder), metrics: readRunMetrics(folder) };
  }
  const resume = goesOn && hasCheckpoint(folder);
  if (!resume) rmSync(folder, { recursive: true, force: true });
  const name = `${cell.row.id}-${cell.task}-s${seed}-${hash.slice(0, 6)}`;
  const writer = new EventWriter(join(store.folder, 'tensorboard', name), resume ? readStoppedRun(folder).step : 0);
  const shown = events?.run ?? {};
  let adapted: AdaptedModel | null = null;
  const onLoaded = (model: AdaptedModel) => {
    adapted = model;
    shown.onLoaded?.(model);
  };
  const run = runTraining({
    settings,
    output: folder,
    resume,
    command,
    versions,
    signal,
    checkpointSeconds,
    cache,
    events: {
      ...shown,
      onLoaded,
      onStep: (progress) => {
        const { step, loss, learningRate, tokensPerSecond } = progress;
        writer.scalars(step, { loss, learning_rate: learningRate, tokens_per_second: tokensPerSecond });
        shown.onStep?.(progress);
      },
      onScored: (scored) => {
        const values = Object.entries(scored.metrics).filter(([, value]) => Number.isFinite(value));
        writer.scalars(scored.step, Object.fromEntries(values.map(([name, value]) => [`eval/${name}`, value])));
        shown.onScored?.(scored);
      },
    },
  });
  // The runs of a sweep take too much memory to leave it to the garbage collector.
  return run.finally(() => adapted && release(adapted));
}

function release({ model, adapters }: AdaptedModel): void {
  for (const parameter of new Set([...model.parameters(), ...adapters.parameters()])) parameter.dispose();
}
