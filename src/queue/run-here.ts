import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InputError } from '../errors.ts';
import { readJsonObject, writeFileAtomic } from '../io/index.ts';
import { isRecord, parseWith } from '../settings/index.ts';
import {
  hasCheckpoint,
  openUnlessBusy,
  type RunResult,
  type RunSettings,
  runTraining,
  type ScoredStep,
} from '../training/index.ts';
import { pluginsOfRun } from '../training/plugins.ts';
import type { JobEnd, JobEvents } from './child.ts';
import type { Job } from './job-queue.ts';
import { placedSettings, Refusal, runFolder, type WorkerFolders } from './places.ts';
import { kernelsInUse, numericsVersion } from './run-inputs.ts';
import { type RunJob, type RunProgress, runJob } from './run-job.ts';
import { failureOf, outcomeOf, type RunOutcome } from './run-outcome.ts';

export interface RunHereOptions extends WorkerFolders {
  readonly versions: Readonly<Record<string, string>>;
  /** Loads the kernels that the settings of a run ask for. */
  readonly useBackend: (name: RunSettings['backend']) => Promise<unknown>;
}

/** The row of a run as a worker sends it. */
export interface RunRow extends RunOutcome {
  /** ISO 8601. */
  readonly started: string;
  readonly ended: string;
  /** Wall time in seconds of the last attempt. */
  readonly seconds: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** The shortest time between two reports of the steps of a run, in milliseconds. */
const REPORT_MS = 500;

/**
 * Works on the job of a run: refuses what would give other numbers than where it is from, looks up what was done before, else trains,
 * from a checkpoint if there is one.
 */
export async function runHere(job: Job, options: RunHereOptions, events: JobEvents): Promise<JobEnd> {
  let asked: RunJob;
  let settings: RunSettings;
  try {
    asked = checked(job, options.versions['sparse-adapter']);
    await options.useBackend(asked.settings.backend);
    const kernels = kernelsInUse();
    if (kernels !== asked.inputs.kernels)
      throw new Refusal(`its kernels are ${kernels} and those of the job ${asked.inputs.kernels}`);
    settings = await placedSettings(asked, options);
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof InputError)) throw error;
    return { kind: 'refused', reason: error.message };
  }
  const known = join(options.artifacts, 'rows', `${asked.hash}.json`);
  // Told, not stored with the row: the artifacts may be moved.
  const folder = resolve(runFolder(options.artifacts, asked.hash));
  if (existsSync(known)) return { kind: 'done', result: { ...readJsonObject(known), folder } };
  const row = await trained(asked, settings, options, events);
  if (!row) return { kind: 'stopped' };
  // Before it is reported: a repeat, after a worker that died in between, is a look-up.
  if (row.status === 'finished') writeFileAtomic(known, `${JSON.stringify(row)}\n`);
  return { kind: 'done', result: { ...row, folder } };
}

/** @throws Refusal for a job of another version */
function checked({ id, data }: Job, version: string): RunJob {
  const other = isRecord(data) ? data.version : undefined;
  if (other !== version)
    throw new Refusal(`it has sparse-adapter ${version} and the job is of ${other}: install the same one`);
  const job = parseWith(runJob, data, id);
  if (job.inputs.numerics !== numericsVersion)
    throw new Refusal(`its numerics have version ${numericsVersion} and those of the job ${job.inputs.numerics}`);
  const plugins = (pluginsOfRun() ?? []).map(({ sha256 }) => sha256).sort();
  if (plugins.join() !== job.plugins.join()) throw new Refusal('it has other plugins: give both the same --plugin');
  return job;
}

/** Trains the run. @returns null if it was stopped, after a checkpoint */
async function trained(
  { hash, checkpointSeconds }: RunJob,
  settings: RunSettings,
  { artifacts, versions }: RunHereOptions,
  { signal, onLine, onProgress }: JobEvents,
): Promise<RunRow | null> {
  const folder = runFolder(artifacts, hash);
  const output = openUnlessBusy(folder);
  // Another process that works on it has lost it to this one, and ends in a moment.
  if (!output) throw new InputError(`${folder} is being written by another process.`);
  const progress = new Reporter(onProgress);
  const [started, start] = [new Date().toISOString(), performance.now()];
  let outcome: RunOutcome;
  try {
    const resume = hasCheckpoint(folder);
    if (!resume) output.replace({});
    const result: RunResult = await runTraining({
      ...{ settings, output, resume, versions, checkpointSeconds, signal },
      events: {
        onWarning: (message) => onLine(`warning: ${message}`),
        onPruning: (done, total) => progress.told('pruning', done, total),
        onStep: (step) => progress.told('training', step.step, step.totalSteps, step),
        onEvaluate: (done, total) => progress.told('evaluating', done, total),
        onScored: (scored) => progress.scored(scored),
      },
    });
    if (result.status === 'stopped') return null;
    outcome = outcomeOf(result, settings);
  } catch (error) {
    // While it prunes, a run that is stopped has nothing to save.
    if (signal.aborted && error === signal.reason) return null;
    outcome = failureOf(error);
  } finally {
    output.close();
  }
  return {
    ...outcome,
    ...{ started, ended: new Date().toISOString(), versions },
    seconds: (performance.now() - start) / 1000,
  };
}

/** Sends what a run tells, steps now and then and scores at once. */
class Reporter {
  readonly #send: (progress: RunProgress) => void;
  readonly #scored: ScoredStep[] = [];
  #last: Omit<RunProgress, 'scored'> = { stage: 'training', done: 0, total: 1, step: null };
  #sent = Number.NEGATIVE_INFINITY;

  constructor(send: (progress: RunProgress) => void) {
    this.#send = send;
  }

  told(stage: RunProgress['stage'], done: number, total: number, step = this.#last.step): void {
    this.#last = { stage, done, total, step };
    if (performance.now() - this.#sent > REPORT_MS) this.#report();
  }

  scored(scored: ScoredStep): void {
    this.#scored.push(scored);
    this.#report();
  }

  #report(): void {
    this.#sent = performance.now();
    this.#send({ ...this.#last, scored: this.#scored });
  }
}
