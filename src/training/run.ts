import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../errors.ts';
import type { OutputFolder } from '../io/index.ts';
import { isHeadParameter } from '../models/index.ts';
import type { Parameter } from '../nn/index.ts';
import { checkBatchSize } from './batch-memory.ts';
import { fingerprint } from './fingerprint.ts';
import { loadFused } from './fuse.ts';
import { type AdaptedModel, type PreparedRun, type PrepareEvents, prepareRun, pruneAdapter } from './prepare.ts';
import type { AdapterPruneReport, RunConfig, RunMetrics, ScoredStep } from './records.ts';
import type { RunCache } from './run-cache.ts';
import {
  hasCheckpoint,
  loadCheckpoint,
  readStoppedRun,
  reserveRun,
  saveCheckpoint,
  saveRun,
  withRunFolder,
} from './run-folder.ts';
import { type RunSettings, withAllOptions, withFetchedFiles } from './settings.ts';
import { stopwatch } from './stopwatch.ts';
import { objectiveOf } from './task.ts';
import { taskOf } from './tasks/index.ts';
import { Trainer } from './trainer.ts';
import { yieldToEvents } from './yield.ts';

/** What a command shows while a run goes on. */
export interface RunEvents extends PrepareEvents {
  readonly onPruned?: (report: AdapterPruneReport) => void;
  readonly onStep?: (progress: StepProgress) => void;
  readonly onEvaluate?: (done: number, total: number) => void;
  readonly onScored?: (scores: ScoredStep) => void;
}

export interface StepProgress {
  readonly step: number;
  readonly totalSteps: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Over the whole run so far. */
  readonly tokensPerSecond: number;
}

/** How often a run leaves a checkpoint if nothing else is said. */
export const checkpointSeconds = 300;

export interface RunOptions {
  readonly settings: RunSettings;
  /** The folder to write; an earlier run in it stays until this one is finished. If it is opened already, it stays open. */
  readonly output: string | OutputFolder;
  /** Continue from the checkpoint in the folder. Default false. */
  readonly resume?: boolean;
  /** The exact command, for the record. Default: none. */
  readonly command?: readonly string[];
  /** Of the programs that take part, for the record. */
  readonly versions?: Readonly<Record<string, string>>;
  /** When it is aborted the run stops after the current step and leaves a checkpoint, once pruning is over. */
  readonly signal?: AbortSignal;
  /** A checkpoint is left whenever so much time has passed since the last one. Default {@link checkpointSeconds}. */
  readonly checkpointSeconds?: number;
  /** What it shares with other runs of the process; by default nothing. */
  readonly cache?: RunCache;
  readonly events?: RunEvents;
}

export type RunResult =
  | { readonly status: 'finished'; readonly config: Omit<RunConfig, 'format_version'>; readonly metrics: RunMetrics }
  | { readonly status: 'stopped'; readonly step: number; readonly totalSteps: number };

/**
 * One run from settings to a saved folder: load the backbone, attach the adapter, prune it, train, evaluate, save. Pruning comes
 * before the first step and never again. A stopped run continues with `resume` and ends with the same weights.
 *
 * @throws InputError for bad input and for a folder that another run writes, and the signal's reason when it is aborted while
 *   pruning; nothing has been written then
 */
export const runTraining = (options: RunOptions): Promise<RunResult> =>
  withRunFolder(options.output, (output) => runIn(output, options));

async function runIn(output: OutputFolder, options: RunOptions): Promise<RunResult> {
  const settings = await withFetchedFiles(withAllOptions(options.settings));
  const run = await prepareRun(taskOf(settings.data), settings, options.events, options.cache);
  const { model, adapter, trained } = run.adapted;
  checkBatchSize(
    run.items.map((item) => run.task.tokenCount(item)),
    settings.training.batchSize,
    run.adapted.config,
  );
  const trainer = new Trainer(
    objectiveOf(run.task, model, run.items, trained, adapter.regularizer),
    settings.training,
    run.random.fork('training'),
  );
  try {
    return await trainAndSave(output, { ...options, settings }, run, trainer);
  } finally {
    trainer.dispose();
  }
}

async function trainAndSave(
  output: OutputFolder,
  options: RunOptions,
  run: PreparedRun,
  trainer: Trainer<unknown>,
): Promise<RunResult> {
  const { settings, resume = false, versions = {}, signal, events = {} } = options;
  const { saved } = run.adapted;
  reserveRun(output, saved);
  const progress = resume ? restore(output, settings, run, trainer) : await begin(run, options);
  if (progress.pruning) events.onPruned?.(progress.pruning);

  const data = fingerprint(run.items);
  const checkpoint = async (isLast: boolean) =>
    saveCheckpoint(output, { settings, fingerprint: data, ...progress }, saved, await trainer.state(), { isLast });
  let isWarned = false;
  const checkpointOnTheWay = async () => {
    try {
      await checkpoint(false);
      isWarned = false;
    } catch (error) {
      // The run can still end well, and the checkpoint before this one is there.
      if (!(error instanceof InputError)) throw error;
      if (!isWarned) events.onWarning?.(`no checkpoint after step ${trainer.step}: ${error.message}`);
      isWarned = true;
    }
  };
  try {
    await train(run, trainer, progress, {
      signal,
      events,
      due: evaluationSteps(trainer.totalSteps, settings.evaluations ?? 1),
      onStepDone: every(options.checkpointSeconds ?? checkpointSeconds, checkpointOnTheWay),
    });
  } catch (error) {
    if (!signal?.aborted || error !== signal.reason) throw error;
    await checkpoint(true);
    return { status: 'stopped', step: trainer.step, totalSteps: trainer.totalSteps };
  }

  const { pruning, command, losses, history, tokens, seconds } = progress;
  const metrics: RunMetrics = {
    metrics: history.at(-1)?.metrics ?? null,
    history,
    ...countParameters(run.adapted),
    steps: trainer.step,
    epoch_losses: epochLosses(losses, trainer.stepsPerEpoch),
    seconds,
    tokens_per_second: tokens / seconds.training,
  };
  const config = { settings, labels: run.labels, metrics: run.metrics, pruning, command, versions };
  try {
    return { status: 'finished', ...(await saveRun(output, { config, metrics }, saved)) };
  } catch (error) {
    // Nothing is left to train, so this is worth a try where the result could not be written.
    if (!(error instanceof InputError)) throw error;
    await checkpoint(true).catch(() => {});
    const hint = hasCheckpoint(output.folder) ? ' Its last checkpoint is kept; train --resume ends the run.' : '';
    throw new InputError(`${error.message}${hint}`, { cause: error });
  }
}

/** What a run has gathered beside its weights; it grows with every step. */
interface Progress {
  readonly command: readonly string[];
  readonly pruning: AdapterPruneReport | null;
  readonly losses: number[];
  readonly history: ScoredStep[];
  tokens: number;
  readonly seconds: { readonly pruning: number; training: number; evaluation: number };
}

async function begin(run: PreparedRun, { settings, command = [], signal, events = {} }: RunOptions): Promise<Progress> {
  loadFused(run.adapted, settings);
  const stop = stopwatch();
  const pruning = await pruneAdapter(run, settings, { onBatch: events.onPruning, onWarning: events.onWarning, signal });
  const seconds = { pruning: pruning ? stop() : 0, training: 0, evaluation: 0 };
  return { command, pruning, losses: [], history: [], tokens: 0, seconds };
}

function restore<Item>(
  { folder: output }: OutputFolder,
  settings: RunSettings,
  { items, adapted }: PreparedRun,
  trainer: Trainer<Item>,
): Progress {
  const stopped = readStoppedRun(output);
  if (!isDeepStrictEqual(stopped.settings, JSON.parse(JSON.stringify(settings)))) {
    throw new InputError(`${output} was stopped with other settings; resume it with its own.`);
  }
  if (stopped.fingerprint !== fingerprint(items)) {
    throw new InputError(
      `The training data of ${output} are not what they were when it was stopped; restore them, or begin again with --overwrite.`,
    );
  }
  const { header, optimizer } = loadCheckpoint(output, adapted.saved);
  trainer.restore(optimizer);
  const { losses, history, seconds, ...rest } = header;
  return { ...rest, losses: [...losses], history: [...history], seconds: { ...seconds } };
}

interface Loop {
  readonly signal?: AbortSignal;
  readonly events: RunEvents;
  /** After which steps the model is evaluated. */
  readonly due: ReadonlySet<number>;
  readonly onStepDone: () => Promise<void>;
}

/**
 * Takes the steps and evaluations that are left.
 *
 * @throws the signal's reason when it is aborted; the step under way is finished before
 */
async function train(
  run: PreparedRun,
  trainer: Trainer<unknown>,
  progress: Progress,
  { signal, events, due, onStepDone }: Loop,
): Promise<void> {
  for (;;) {
    if (trainer.done) await checkFinite(run.adapted.saved);
    const isScored = progress.history.at(-1)?.step === trainer.step;
    if (due.has(trainer.step) && !isScored) await score(run, trainer.step, progress, signal, events);
    if (trainer.done) return;
    await yieldToEvents();
    signal?.throwIfAborted();
    const stop = stopwatch();
    const { batch, ...report } = await trainer.trainStep();
    progress.losses.push(report.loss);
    progress.tokens += batch.reduce<number>((sum, item) => sum + run.task.tokenCount(item), 0);
    progress.seconds.training += stop();
    events.onStep?.({ ...report, tokensPerSecond: progress.tokens / progress.seconds.training });
    await onStepDone();
  }
}

/** Equal parts of a run, rounded up to whole steps. */
function evaluationSteps(totalSteps: number, count: number): ReadonlySet<number> {
  const times = Math.min(count, Math.max(1, totalSteps));
  return new Set(Array.from({ length: times }, (_, i) => Math.ceil(((i + 1) * totalSteps) / times)));
}

/** A function that does the work if it has not been done for some seconds. */
function every(seconds: number, work: () => Promise<void>): () => Promise<void> {
  let since = stopwatch();
  return async () => {
    if (since() < seconds) return;
    await work();
    since = stopwatch();
  };
}

/** Evaluates the model and remembers the scores, if there are evaluation data. */
async function score(
  { adapted, evaluation }: PreparedRun,
  step: number,
  progress: Progress,
  signal: AbortSignal | undefined,
  { onEvaluate, onScored }: RunEvents,
): Promise<void> {
  if (!evaluation) return;
  const stop = stopwatch();
  const onBatch = (done: number) => onEvaluate?.(done, evaluation.size);
  const metrics = await evaluation.scores(adapted.model, { onBatch, signal });
  progress.seconds.evaluation += stop();
  progress.history.push({ step, metrics });
  onScored?.({ step, metrics });
}

/** The mean of the losses of each epoch's steps. */
function epochLosses(losses: readonly number[], stepsPerEpoch: readonly number[]): number[] {
  let end = 0;
  return stepsPerEpoch.map((steps) => {
    end += steps;
    return losses.slice(end - steps, end).reduce((sum, loss) => sum + loss, 0) / steps;
  });
}

/** The loss of a step cannot show that the step itself, the last one of a run, went wrong. */
async function checkFinite(parameters: readonly Parameter[]): Promise<void> {
  for (const parameter of parameters) {
    const bad = (await parameter.data()).find((value) => !Number.isFinite(value));
    if (bad !== undefined) {
      throw new InputError(`${parameter.name} is ${bad} after the last step; lower the learning rate.`);
    }
  }
}

/** Pruned weights do not count as trained. */
export function countParameters({
  backbone,
  trained,
}: AdaptedModel): Pick<RunMetrics, 'trained_parameters' | 'backbone_parameters'> {
  const count = (isHead: boolean) =>
    trained.filter((parameter) => isHeadParameter(parameter) === isHead).reduce((sum, p) => sum + p.keptCount(), 0);
  return {
    trained_parameters: { adapter: count(false), head: count(true) },
    backbone_parameters: backbone.reduce((sum, { size }) => sum + size, 0),
  };
}
