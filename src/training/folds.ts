import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../errors.ts';
import { type OutputFolder, OVERWRITE, openOutput } from '../io/index.ts';
import { FOLDS, type FoldsRecord, foldFolder, foldsText, isCrossValidation, readFolds } from './folds-record.ts';
import type { TaskModel } from './model.ts';
import { type RunEvents, type RunOptions, runTraining } from './run.ts';
import { hasCheckpoint, isFinishedRun, openRunFolder, RESUME, readRunMetrics } from './run-folder.ts';
import { eventFolder } from './run-settings.ts';
import { resolveSettings } from './settings.ts';
import type { RunSettings } from './settings-table.ts';
import type { Scores } from './task.ts';

/** Callbacks during a cross-validation. */
export interface FoldsEvents extends RunEvents {
  /** Called before each run, also before one that is finished. */
  readonly onFold?: (fold: number, folds: number) => void;
}

export interface FoldsOptions extends Omit<RunOptions, 'output' | 'cache' | 'events'> {
  readonly output: string;
  /** Whether the folder may hold an earlier cross-validation, which is removed. Default false. */
  readonly overwrite?: boolean;
  readonly events?: FoldsEvents;
}

/** A run of a cross-validation, and its scores on its fold. */
export interface FoldResult {
  readonly fold: number;
  readonly output: string;
  readonly metrics: Scores;
}

export type FoldsResult = { readonly folds: readonly FoldResult[] } & (
  | {
      readonly status: 'finished';
      readonly mean: Scores;
      /** With n - 1. */
      readonly standard_deviation: Scores;
    }
  | { readonly status: 'stopped'; readonly fold: number }
);

/**
 * Cross-validates settings with `folds`: as many runs, each in a folder of its own, `fold-1` and so on, and each tested on another part of
 * the table. One that is stopped continues with `resume`; finished runs are not repeated.
 *
 * @throws InputError as `runTraining`, for settings without folds, and for a folder that holds something else
 */
export async function runFolds({ output: folder, overwrite = false, ...options }: FoldsOptions): Promise<FoldsResult> {
  const { resume = false, rows, signal, events = {} } = options;
  const settings = await resolveSettings(options.settings, { hasRows: rows !== undefined });
  const { folds } = settings;
  if (folds === undefined) throw new InputError('folds is missing: the number of runs of a cross-validation.');
  const output = openFolds(folder, settings, { overwrite, resume });
  try {
    // What is continued was begun by another command.
    const { command = [] } = resume ? readFolds(folder) : options;
    const results: FoldResult[] = [];
    const write = () => output.writeFile(FOLDS, foldsText({ settings, command, ...summary(results) }));
    if (!resume) write();
    for (let fold = 1; fold <= folds; fold++) {
      events.onFold?.(fold, folds);
      const place = foldFolder(folder, fold);
      if (!isFinishedRun(place) && !(await trainFold(place, { ...settings, fold }, { ...options, command }))) {
        return { status: 'stopped', folds: results, fold };
      }
      results.push({ fold, output: place, metrics: readRunMetrics(place).test_metrics ?? {} });
      write();
      if (signal?.aborted && fold < folds) return { status: 'stopped', folds: results, fold: fold + 1 };
    }
    const { mean, standard_deviation } = summary(results);
    return { status: 'finished', folds: results, mean, standard_deviation };
  } catch (error) {
    // Settings or data that cannot be used leave nothing behind.
    if (!resume && !existsSync(foldFolder(output.path, 1))) rmSync(join(output.path, FOLDS), { force: true });
    throw error;
  } finally {
    output.close();
  }
}

/** Trains the run of one fold. @returns whether it is finished */
async function trainFold(
  place: string,
  settings: RunSettings,
  { events = {}, ...options }: Omit<FoldsOptions, 'output' | 'overwrite'>,
): Promise<boolean> {
  let loaded: TaskModel | null = null;
  const onLoaded = (model: TaskModel) => {
    loaded = model;
    events.onLoaded?.(model);
  };
  const output = openRunFolder(place, { overwrite: true });
  try {
    const tensorboard = eventFolder(options.tensorboard, place);
    const own = { settings, output, tensorboard, resume: hasCheckpoint(place), events: { ...events, onLoaded } };
    return (await runTraining({ ...options, ...own })).status === 'finished';
  } catch (error) {
    // Stopped before there was anything to save.
    if (options.signal?.aborted && error === options.signal.reason) return false;
    throw error;
  } finally {
    output.close();
    // Several models take too much memory to leave them to the garbage collector.
    (loaded as TaskModel | null)?.dispose();
  }
}

interface FoldsPlace {
  readonly overwrite: boolean;
  readonly resume: boolean;
}

/** Opens the folder of a cross-validation, and empties it where it begins anew. */
function openFolds(folder: string, settings: RunSettings, options: FoldsPlace): OutputFolder {
  const { resume } = options;
  if (resume && !isDeepStrictEqual(readFolds(folder).settings, JSON.parse(JSON.stringify(settings)))) {
    throw new InputError(`${folder} was begun with other settings; resume it with its own.`);
  }
  const { output, there } = openFoldsPlace(folder, options);
  if (!resume) for (const name of there) rmSync(join(output.path, name), { recursive: true });
  return output;
}

/** Checks that a cross-validation can be written to a folder, and leaves nothing there. @throws InputError as `runFolds` for its folder */
export function checkFoldsFolder(folder: string, options: FoldsPlace): void {
  openFoldsPlace(folder, options).output.close();
}

/** Opens the folder as it is, with the names of the runs in it. */
function openFoldsPlace(folder: string, { overwrite, resume }: FoldsPlace) {
  const isThere = isCrossValidation(folder);
  if (isThere && !overwrite && !resume) {
    throw new InputError(
      `${folder} holds a cross-validation: continue it with ${RESUME}, or replace it with ${OVERWRITE}.`,
    );
  }
  const isFold = (name: string) => /^fold-[1-9]\d*$/.test(name);
  const there = isThere ? readdirSync(folder).filter(isFold) : [];
  return { output: openOutput(folder, [FOLDS, ...there]), there };
}

/** What a cross-validation has brought so far. */
function summary(results: readonly FoldResult[]): Pick<FoldsRecord, 'runs' | 'mean' | 'standard_deviation'> {
  const names = Object.keys(results[0]?.metrics ?? {});
  const valuesOf = (name: string) => results.map(({ metrics }) => metrics[name]);
  return {
    runs: results.map(({ fold, metrics }) => ({ fold, metrics })),
    mean: Object.fromEntries(names.map((name) => [name, meanOf(valuesOf(name))])),
    standard_deviation: Object.fromEntries(names.map((name) => [name, deviationOf(valuesOf(name))])),
  };
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** That of a sample, with n - 1; NaN of one value. */
function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
