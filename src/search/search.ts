import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.ts';
import type { OutputFolder } from '../io/index.ts';
import { isLowerBetter } from '../metrics/score-names.ts';
import { Dispatcher, type JobQueue } from '../queue/index.ts';
import { evaluationSteps } from '../training/evaluation-settings.ts';
import {
  chosenSettings,
  type GivenSettings,
  hasCheckpoint,
  isFinishedRun,
  openRunFolder,
  openUnlessBusy,
  prepareRun,
  RunCache,
  type RunEvents,
  type RunMetrics,
  type RunSettings,
  readRun,
  resolveSettings,
  runTraining,
  type ScoredStep,
} from '../training/index.ts';
import type { Point, SearchSpace } from './distribution.ts';
import type { HalvingOptions } from './halving.ts';
import { queuedTrial, type TrialScores, trialRun } from './queued-trial.ts';
import { settingsAt } from './space.ts';
import type { StoredTrial, Study } from './study.ts';
import { StudyFile, type Suggest } from './study-file.ts';
import { type SearchMethod, suggestBy } from './suggest.ts';
import { bestTrial, type Direction } from './trial.ts';

/** The display of a search. */
export interface SearchEvents {
  readonly onTrial?: (trial: StoredTrial, settings: RunSettings) => void;
  readonly onTrialEnd?: (trial: StoredTrial, study: Study) => void;
  /** The display of the run of a trial. */
  readonly run?: RunEvents;
}

export interface SearchOptions {
  /** The settings that all trials share. */
  readonly settings: GivenSettings;
  readonly space: SearchSpace;
  /** The folder of the study: `journal.log`, and `trials/` with a run folder for each trial. */
  readonly output: string;
  /** Default `tpe`. */
  readonly method?: SearchMethod;
  /** The score that is searched for. Default: the first one of the task. */
  readonly metric?: string;
  /** Default `sparse-adapter`. */
  readonly study?: string;
  /** Trials that the study may have. Default: no limit; a grid ends by itself. */
  readonly trials?: number;
  /** Hours after which no trial begins. Default: no limit. */
  readonly hours?: number;
  /** Ends hopeless trials after evaluations of their runs. Default: null, none. */
  readonly halving?: HalvingOptions | null;
  /** Of the points that are drawn. Default 42. */
  readonly seed?: number;
  readonly versions?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly checkpointSeconds?: number;
  /** When it is aborted the trial under way leaves a checkpoint, from which the next search of the study goes on. */
  readonly signal?: AbortSignal;
  /** Where workers take the runs of trials from. Default: none, they are run here. */
  readonly queue?: JobQueue | null;
  /** With a queue: trials that are in it at once. Default 4. */
  readonly parallel?: number;
  readonly events?: SearchEvents;
}

export interface SearchResult {
  readonly status: 'finished' | 'stopped';
  readonly metric: string;
  readonly direction: Direction;
  readonly study: Study;
  /** The best complete trial; null where none is complete. */
  readonly best: StoredTrial | null;
}

/** Trials that a search has in a queue at once. */
export const usualParallel = 4;

/** The folder of a trial's run, where it is run here. */
export const trialFolder = (output: string, { number }: { readonly number: number }): string =>
  join(output, 'trials', String(number));

/**
 * The folder of a trial's run. A run by a worker is below the folder of its artifacts, which may be the output folder, or lie elsewhere.
 *
 * @returns null if it cannot be read here
 */
export function runOfTrial(output: string, trial: Pick<StoredTrial, 'number' | 'userAttributes'>): string | null {
  const { userAttributes: told } = trial;
  const folder = told.get('folder');
  const folders = [trialFolder(output, trial), join(output, 'runs', String(told.get('run')))];
  if (typeof folder === 'string') folders.push(folder);
  return folders.find(isFinishedRun) ?? null;
}

/** A trial that this process runs, with its folder, which no other one can open meanwhile. */
interface Claimed {
  readonly trial: StoredTrial;
  readonly output: OutputFolder;
}

/**
 * Searches for the settings with the best score: trial after trial, each a run in a folder of its own. All that happens is written to a
 * journal of Optuna as it happens, so a search that was stopped or killed goes on, here or in Optuna. Several processes can work on
 * one study.
 *
 * @throws InputError for settings that no trial can have, a grid over a range without steps, a study about another score, and a folder
 *   that cannot be written
 */
export async function search(options: SearchOptions): Promise<SearchResult> {
  const { settings, space, output, method = 'tpe', study = 'sparse-adapter', seed = 42, signal } = options;
  checkChoices(settings, space);
  const cache = new RunCache();
  try {
    const metric = await metricOf(options, cache);
    const direction = isLowerBetter(metric) ? 'minimize' : 'maximize';
    const suggest = suggestBy(method, space, direction, seed);
    const file = await StudyFile.open(join(output, 'journal.log'), study, metric, direction, settings);
    const end = performance.now() + 3_600_000 * (options.hours ?? Number.POSITIVE_INFINITY);
    const { queue = null, parallel = usualParallel } = options;
    const runner = queue ? new Dispatcher(queue, signal) : cache;
    const trialAfterTrial = async (): Promise<SearchResult['status']> => {
      let status: SearchResult['status'] = 'finished';
      while (status === 'finished') {
        const isLate = performance.now() >= end;
        const claimed = claimLeft(file, options) ?? (isLate ? null : await claimNext(file, suggest, options));
        if (signal?.aborted) claimed?.output.close();
        if (signal?.aborted) return 'stopped';
        if (!claimed) break;
        status = await runTrial(claimed, file, options, runner);
      }
      return status;
    };
    const ended = await Promise.all(Array.from({ length: queue ? parallel : 1 }, trialAfterTrial));
    const status = ended.includes('stopped') ? 'stopped' : 'finished';
    const found = file.refresh();
    return { status, metric, direction, study: found, best: bestTrial(found.trials, direction) };
  } finally {
    cache.dispose();
  }
}

/** Claims a trial of this search whose process was stopped or has died; null if there is none. */
function claimLeft(file: StudyFile, { space, output: folder }: SearchOptions): Claimed | null {
  const isOwn = ({ point }: StoredTrial) => [...space.keys()].every((name) => point.has(name));
  for (const { number } of file.refresh().trials.filter((trial) => trial.state === 'running' && isOwn(trial))) {
    const output = openUnlessBusy(trialFolder(folder, { number }));
    if (output === null) continue;
    // Its process may have ended it until now.
    const trial = file.refresh().trials[number];
    if (trial.state === 'running') return { trial, output };
    output.close();
  }
  return null;
}

/** Claims a new trial, or one that was queued in Optuna; null when there is nothing left to try. */
async function claimNext(
  file: StudyFile,
  suggest: Suggest,
  { space, trials = Number.POSITIVE_INFINITY, output }: SearchOptions,
): Promise<Claimed | null> {
  let opened: OutputFolder | null = null;
  const trial = await file.begin(space, trials, (study, number, queued) => {
    const point = suggest(study, number, queued);
    // Opened before anybody can see that it runs, and take it for one that was left.
    if (point) opened = openRunFolder(trialFolder(output, { number }), { overwrite: true });
    return point;
  });
  return trial && opened && { trial, output: opened };
}

/** Runs a trial and notes what came of it. */
async function runTrial(
  { trial, output }: Claimed,
  file: StudyFile,
  options: SearchOptions,
  runner: RunCache | Dispatcher,
): Promise<SearchResult['status']> {
  const { settings: shared, space, signal, events } = options;
  const end = async (...how: Tail<Parameters<StudyFile['end']>>) => {
    await file.end(trial, ...how);
    events?.onTrialEnd?.(file.study.trials[trial.number], file.study);
  };
  try {
    const settings = await resolveSettings(settingsAt(shared, space, trial.point));
    events?.onTrial?.(trial, settings);
    const reports = new Reports(trial, settings, file, options.halving ?? null);
    const result: TrialScores | null =
      runner instanceof Dispatcher
        ? await queuedTrial(trial.number, settings, reports, runner, options)
        : await attempt(settings, output, reports, options, runner);
    await reports.written();
    if (result) {
      const value = result.metrics?.[file.metric] ?? Number.NaN;
      const { folder, worker } = result;
      const run = trialRun(settings).hash;
      if (Number.isNaN(value)) await end('failed', null, { run, error: `${file.metric} is not a number` });
      else await end('complete', value, { run, ...(folder && { folder, worker }) });
    } else if (reports.isPruned) {
      await end('pruned', reports.last);
      output.close();
      rmSync(output.path, { recursive: true, force: true });
    } else {
      return 'stopped';
    }
  } catch (error) {
    // While it prunes, a run that is stopped has nothing to save.
    if (signal?.aborted && error === signal.reason) return 'stopped';
    if (!(error instanceof InputError)) throw error;
    await end('failed', null, { error: error.message });
  } finally {
    output.close();
  }
  return 'finished';
}

type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : never;

/**
 * Begins the run of a trial, or goes on with it; one that was saved before its process died is read.
 *
 * @returns its scores; null if it was stopped
 */
async function attempt(
  settings: RunSettings,
  output: OutputFolder,
  reports: Reports,
  { versions, command, checkpointSeconds, signal, events }: SearchOptions,
  cache: RunCache,
): Promise<RunMetrics | null> {
  if (isFinishedRun(output.folder)) return readRun(output.folder).metrics;
  const resume = hasCheckpoint(output.folder);
  if (!resume) output.replace({});
  const shown = events?.run ?? {};
  const models: { dispose(): void }[] = [];
  const result = await runTraining({
    ...{ settings, output, resume, versions, command, checkpointSeconds, cache },
    signal: AbortSignal.any([reports.signal, ...(signal ? [signal] : [])]),
    events: {
      ...shown,
      onLoaded: (model) => {
        models.push(model);
        shown.onLoaded?.(model);
      },
      onStep: (progress) => {
        reports.totalSteps = progress.totalSteps;
        shown.onStep?.(progress);
      },
      onScored: (scored) => {
        reports.add(scored);
        shown.onScored?.(scored);
      },
    },
  }).finally(() => {
    for (const model of models) model.dispose();
  });
  return result.status === 'finished' ? result.metrics : null;
}

/** Writes the scores of a run that is under way to its study, and stops the run where it is hopeless. */
class Reports {
  readonly #trial: StoredTrial;
  readonly #settings: RunSettings;
  readonly #file: StudyFile;
  readonly #halving: HalvingOptions | null;
  readonly #controller = new AbortController();
  #writing: Promise<void> = Promise.resolve();
  #problem: unknown;
  totalSteps = 0;
  last: number | null = null;
  isPruned = false;

  constructor(trial: StoredTrial, settings: RunSettings, file: StudyFile, halving: HalvingOptions | null) {
    this.#trial = trial;
    this.#settings = settings;
    this.#file = file;
    this.#halving = halving;
  }

  /** Aborted when the run is to stop. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  add({ step, metrics }: ScoredStep): void {
    // Evaluations are counted, not steps: so a rung means the same for all batch sizes.
    const evaluation = [...evaluationSteps(this.totalSteps, this.#settings)].indexOf(step) + 1;
    const value = metrics[this.#file.metric] ?? Number.NaN;
    this.#writing = this.#writing
      .then(async () => {
        // What comes after the end of a trial, from a worker that has not heard of it, is no part of it.
        if (this.isPruned) return;
        this.last = value;
        this.isPruned = await this.#file.report(this.#trial, evaluation, value, this.#halving);
      })
      .catch((error) => {
        this.#problem ??= error;
      })
      .then(() => {
        if (this.isPruned || this.#problem) this.#controller.abort();
      });
  }

  /** Waits until all is written. @throws what went wrong */
  async written(): Promise<void> {
    await this.#writing;
    if (this.#problem) throw this.#problem;
  }
}

/** The first point of a space, at whose settings a search is checked. */
const firstPoint = (space: SearchSpace): Point =>
  new Map([...space].map(([name, own]) => [name, own.kind === 'categorical' ? 0 : own.low]));

/** Checks the values of each category beside the shared settings, so that it is no trial that finds out. @throws InputError for what does not fit */
function checkChoices(shared: GivenSettings, space: SearchSpace): void {
  for (const [name, distribution] of space) {
    const values =
      distribution.kind === 'categorical' ? distribution.choices.keys() : [distribution.low, distribution.high];
    for (const value of values)
      chosenSettings(settingsAt(shared, space, new Map([...firstPoint(space), [name, value]])));
  }
}

/**
 * The score that is searched for. The data are read and the model is loaded for it, so that what is wrong with them is one error, not
 * one for each trial.
 *
 * @throws InputError for a score that there is not, and without rows to evaluate on
 */
async function metricOf({ settings, space, metric }: SearchOptions, cache: RunCache): Promise<string> {
  const run = await prepareRun(await resolveSettings(settingsAt(settings, space, firstPoint(space))), {}, cache);
  try {
    const names = run.data.evaluation?.metrics;
    if (!names) {
      throw new InputError(
        'A search needs rows to evaluate on: --eval-data (evalData), or --validation-split (validationSplit) above 0.',
      );
    }
    const chosen = metric ?? names[0];
    if (names.includes(chosen)) return chosen;
    throw new InputError(`--metric (metric) is '${chosen}'; the scores of these data are ${names.join(', ')}.`);
  } finally {
    run.model.dispose();
  }
}
