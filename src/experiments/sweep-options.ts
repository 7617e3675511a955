import type { JobQueue } from '../queue/index.ts';
import { portableModel } from '../queue/run-inputs.ts';
import type { RunEvents } from '../training/index.ts';
import type { PlannedRun, SweepPlan } from './plan.ts';
import type { ResultStore } from './store.ts';
import type { RunPlace, StoredRun } from './stored-run.ts';

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
  /** Again and again while runs are in a queue. @param workers those that live */
  readonly onQueue?: (queue: { readonly waiting: number; readonly active: number; readonly workers: number }) => void;
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
  /** Where workers take the runs from; none is run here then. Default: none, all are run here. Not with `resume: false`. */
  readonly queue?: JobQueue | null;
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

/** The place of a run in the tables of its plan. */
export const placeOf = ({ cell: { model, row, task }, seed }: PlannedRun, { experiment }: SweepPlan): RunPlace => ({
  ...{ experiment: experiment.name, model: portableModel(model) },
  ...{ row: row.id, task, seed },
});

/** Whether a run is not to be run again. @param retry whether one that failed is */
export const hasEnded = (run: StoredRun | null, retry: boolean): boolean =>
  run?.status === 'finished' || (run?.status === 'failed' && !retry);

/** The name of a run in the lists of people. */
export const runName = ({ cell: { row, task }, seed, hash }: PlannedRun): string =>
  `${row.id}-${task}-s${seed}-${hash.slice(0, 6)}`;
