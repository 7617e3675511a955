import { isDeepStrictEqual } from 'node:util';
import type { Source } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { type OutputFolder, OVERWRITE } from '../io/index.ts';
import type { EvaluationReport } from '../report/index.ts';
import { checkBatchSize, mostSequences } from './batch-memory.ts';
import { batchesOf } from './batch-plan.ts';
import { loadCheckpoint, readStoppedRun } from './checkpoint.ts';
import { type DataReport, dataReport } from './data-report.ts';
import { evaluationSteps } from './evaluation-settings.ts';
import { withEventLog } from './event-log.ts';
import { fingerprint } from './fingerprint.ts';
import { loadFused } from './fuse.ts';
import { tableFacts } from './held-out.ts';
import { type KeptWeights, keptNotes, keptOf } from './kept-weights.ts';
import { type JudgedStep, type LoopEvents, type Progress, trainingMetrics, trainLoop } from './loop.ts';
import { loadParts, TaskModel } from './model.ts';
import { pluginsOfRun } from './plugins.ts';
import { plannedPruning } from './prune-model.ts';
import type { AdapterPruneReport, KeptStep } from './records.ts';
import { RunCache } from './run-cache.ts';
import { RunCheckpoints } from './run-checkpoints.ts';
import { decidedBy, type EncodedData, encodeRunData, type OwnRows, type RunData, readRunData } from './run-data.ts';
import { checkRunSpace, RESUME, type RunTold, reserveRun, saveRun, withRunFolder } from './run-folder.ts';
import { evaluationReportOf, TEST_NOTE } from './run-report.ts';
import { resolveSettings } from './settings.ts';
import type { GivenSettings, RunSettings } from './settings-table.ts';
import { stopwatch } from './stopwatch.ts';
import type { JudgedAnswers, Judgement, TaskTypes } from './task.ts';
import { taskOf } from './tasks/index.ts';
import { Trainer } from './trainer.ts';

/** Callbacks while a run is prepared. */
export interface PrepareEvents {
  readonly onWarning?: (message: string) => void;
  /** Told what is learnt from the data, where their columns decide it. */
  readonly onNote?: (message: string) => void;
  readonly onLoaded?: (model: TaskModel) => void;
  /** Called before the training, and before the adapter is pruned, with what was read. */
  readonly onData?: (report: DataReport) => void;
  /** Called with the number of finished passes over pruning batches. */
  readonly onPruning?: (done: number, total: number) => void;
}

/** Callbacks during a run. */
export interface RunEvents extends PrepareEvents, LoopEvents {
  readonly onPruned?: (report: AdapterPruneReport) => void;
}

/** Default interval between checkpoints, in seconds. */
export const checkpointSeconds = 300;

export interface RunOptions {
  /** Settings that are left out have their defaults. */
  readonly settings: GivenSettings;
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
  /**
   * A folder for TensorBoard's events of this run: loss, learning rate, speed and scores. Default: none, or that with which a stopped
   * run began.
   */
  readonly tensorboard?: string;
  /** The rows of a program, where the settings do not name data. */
  readonly rows?: Source;
  /** Rows of a program that choose nothing, for the score at the end; beside `rows`. */
  readonly testRows?: Source;
  /** Cache shared with other runs of the process. Default: none. Not with `rows`. */
  readonly cache?: RunCache;
  readonly events?: RunEvents;
}

export type RunResult =
  | ({
      readonly status: 'finished';
      /** On the evaluation data; null for a task without single answers, and without such data. */
      readonly answers: JudgedAnswers | null;
    } & RunTold)
  | {
      readonly status: 'stopped';
      readonly step: number;
      readonly totalSteps: number;
      /** The step that the run can be continued from: where the last checkpoint could not be written that of an earlier one, null without one. */
      readonly savedStep: number | null;
    };

/**
 * Trains one run from its settings to a saved folder: reads the data, loads the model, attaches the adapter, prunes it, trains,
 * evaluates, saves. Pruning comes before the first step and never again. A stopped run continues with `resume` and ends with the same
 * weights.
 *
 * @throws InputError for bad input and for a folder that another run writes, and the signal's reason when it is aborted while
 *   pruning; nothing has been written then
 */
export const runTraining = (options: RunOptions): Promise<RunResult> =>
  withRunFolder(options.output, (output) => runIn(output, options));

async function runIn(output: OutputFolder, options: RunOptions): Promise<RunResult> {
  const { events = {}, signal, resume = false } = options;
  const { rows, testRows } = options;
  const resolved = await resolveSettings(options.settings, { hasRows: rows !== undefined });
  const run = await prepareRun(resolved, events, rows ? undefined : options.cache, rows && { rows, testRows });
  const { settings, model, items, evaluation } = run;
  checkBatches(run);
  const kept = keptIn(run);
  const trainer = new Trainer(model.objective(items), settings, model.random.fork('training'));
  try {
    const { totalSteps } = trainer;
    const { labels } = model;
    const evaluations = evaluationSteps(totalSteps, settings).size;
    const isKept = kept !== null;
    reserveRun(output, model.saved, { epochs: settings.epochs, evaluations, steps: totalSteps, labels, isKept });
    const restored = resume ? restore(output, options, settings, run, trainer, kept) : null;
    if (events.onData) events.onData(await dataReport(run, trainer.step));
    const tensorboard = options.tensorboard ?? restored?.tensorboard;
    const logged = tensorboard === undefined ? events : withEventLog(events, tensorboard, trainer.step);
    const state = restored ?? (await begin(run, options));
    if (state.pruning) events.onPruned?.(state.pruning);
    const digest = fingerprint(items);
    const checkpoints = new RunCheckpoints(
      {
        output,
        facts: () => ({ settings, fingerprint: digest, plugins: pluginsOfRun(), ...state }),
        parameters: model.saved,
        trainer,
        kept,
        onWarning: events.onWarning,
      },
      resume ? trainer.step : null,
    );
    let report: EvaluationReport | null;
    let answers: JudgedAnswers | null = null;
    try {
      const seconds = options.checkpointSeconds ?? checkpointSeconds;
      const onStepDone = () => checkpoints.saveAfter(seconds);
      const loop = { evaluation, times: settings, kept, signal, events: logged, onStepDone };
      const judged = await trainLoop(model, trainer, state, loop);
      const step = kept?.told(state.history) ?? null;
      report = await testReport(run, state, step, options);
      if (!report) {
        const judgement = await finalJudgement(run, judged, trainer.step, step, options);
        answers = judgement?.answers ?? null;
        if (judgement && run.data.evaluation)
          report = evaluationReportOf(judgement, run.data.evaluation, keptNotes(step));
      }
    } catch (error) {
      if (!signal?.aborted || error !== signal.reason) throw error;
      await checkpoints.saveLast();
      const { step, totalSteps } = trainer;
      return { status: 'stopped', step, totalSteps, savedStep: checkpoints.savedStep };
    }
    try {
      return {
        status: 'finished',
        answers,
        ...(await saveRun(output, { ...told(settings, run, trainer, state, kept, options), report }, model.saved)),
      };
    } catch (error) {
      // Nothing is left to train, so this is worth a try where the result could not be written.
      if (!(error instanceof InputError)) throw error;
      await checkpoints.saveLast().catch(() => {});
      const { savedStep } = checkpoints;
      const hint =
        savedStep === null ? '' : ` The checkpoint after step ${savedStep} is kept; end the run with ${RESUME}.`;
      throw new InputError(`${error.message}${hint}`, { cause: error });
    }
  } finally {
    trainer.dispose();
  }
}

/**
 * Reads what a run would read, loads its model, and tells what it has read; nothing is pruned, trained or written.
 *
 * @throws InputError for bad input, as `runTraining` does before its first step
 */
export async function inspectRun({
  settings,
  output,
  rows,
  testRows,
  cache,
  events,
}: InspectOptions): Promise<DataReport> {
  const resolved = await resolveSettings(settings, { hasRows: rows !== undefined });
  const run = await prepareRun(resolved, events, rows ? undefined : cache, rows && { rows, testRows });
  try {
    checkBatches(run);
    const isKept = keptIn(run) !== null;
    run.model.lossOptions(run.items);
    plannedPruning(run.model, run.items);
    const report = await dataReport(run);
    if (output !== undefined) {
      const { epochs } = run.settings;
      const { steps } = report.expected;
      const evaluations = evaluationSteps(steps, run.settings).size;
      checkRunSpace(output, run.model.saved, { epochs, evaluations, steps, labels: run.model.labels, isKept });
    }
    return report;
  } finally {
    run.model.dispose();
  }
}

export type InspectOptions = Pick<RunOptions, 'settings' | 'rows' | 'testRows' | 'cache'> & {
  /** The folder that the run would write, whose disk must have space for it. */
  readonly output?: string;
  readonly events?: PrepareEvents;
};

/** A run before it is pruned: its data, and its model with the adapter. */
export interface PreparedRun<T extends TaskTypes = TaskTypes> extends EncodedData<T> {
  /** Completed by what the data are. */
  readonly settings: RunSettings;
  readonly model: TaskModel<T>;
  readonly data: RunData<T>;
}

/**
 * Reads the data of a run, loads its model, attaches the adapter and encodes the data.
 *
 * @param events with `isPrunedOnly`, no line tells that rows to validate on are missing
 * @param cache shared with other runs; default: none
 * @param own the rows where the settings do not name them
 * @throws InputError for bad input
 */
export async function prepareRun(
  asked: RunSettings,
  { onWarning, onNote, onLoaded, isPrunedOnly = false }: PrepareEvents & { readonly isPrunedOnly?: boolean } = {},
  cache?: RunCache,
  own?: OwnRows,
): Promise<PreparedRun> {
  if (asked.folds !== undefined && asked.fold === undefined) {
    throw new InputError('folds is for a cross-validation, which is several runs: train with it (crossValidate).');
  }
  const task = taskOf(asked);
  const known = cache ?? new RunCache();
  const data = await readRunData(task, asked, known, own);
  if (!isPrunedOnly && data.unvalidated !== undefined) onWarning?.(data.unvalidated);
  const decided = decidedBy(data, asked);
  const settings = task.settled?.(decided, data.train) ?? decided;
  const warnings = [data.train, data.evaluation, data.test, data].flatMap((part) => part?.warnings ?? []);
  for (const warning of warnings) onWarning?.(warning);
  for (const note of data.train.notes ?? []) onNote?.(note);
  const options = {
    weights: cache?.weights,
    activations: known.activations,
    holds: settings.pruning === 'none' && settings.adapter.kind !== 'full',
  };
  const model = new TaskModel(loadParts(task, settings, data.train.labels, options));
  const sequences = mostSequences(batchesOf(settings).batchSize, data.train.examples.length);
  model.addAdapter(settings.adapter, settings.fused, { isTrained: true, sequences, onWarning });
  for (const warning of model.warnings) onWarning?.(warning);
  onLoaded?.(model);
  return { settings, model, data, ...encodeRunData(model, data, known) };
}

/** @throws InputError for batches that take more memory than there is */
function checkBatches({ settings, model, items }: PreparedRun): void {
  const lengths = items.map((item) => model.definition.tokenCount(item));
  checkBatchSize(lengths, batchesOf(settings).batchSize, model.config);
}

/** What a run keeps of its weights. @throws InputError as `keptOf` */
const keptIn = ({ settings, model, data }: PreparedRun): KeptWeights | null =>
  keptOf(settings, data.evaluation?.metrics, model.trainable.parameters);

/** The state of a run without its weights. */
interface RunState extends Progress {
  readonly command: readonly string[];
  readonly pruning: AdapterPruneReport | null;
  readonly tensorboard?: string;
}

/** The report of the trained model on rows that chose nothing, whose scores are kept; null without such. */
async function testReport(
  { model, data, test }: PreparedRun,
  progress: Progress,
  kept: KeptStep | null,
  { events, signal }: RunOptions,
): Promise<EvaluationReport | null> {
  if (!test || !data.test) return null;
  const stop = stopwatch();
  const onBatch = (done: number) => events?.onTest?.(done, test.size);
  const judgement = await test.judge(model.hold(), { onBatch, signal });
  progress.test = judgement.scores;
  progress.seconds.evaluation += stop();
  return evaluationReportOf(judgement, data.test, [TEST_NOTE, ...keptNotes(kept)]);
}

/** Prunes the adapter: the state before the first step. */
async function begin(
  { model, items }: PreparedRun,
  { command = [], tensorboard, signal, events = {} }: RunOptions,
): Promise<RunState> {
  loadFused(model);
  const stop = stopwatch();
  const { onPruning: onBatch, onWarning } = events;
  const pruning = await model.pruneAdapter(items, { onBatch, onWarning, signal });
  const seconds = { pruning: pruning ? stop() : 0, training: 0, evaluation: 0 };
  return { command, tensorboard, pruning, losses: [], history: [], tokens: 0, seconds };
}

/** Loads the checkpoint: the state in which the run was stopped. */
function restore(
  { folder: output }: OutputFolder,
  { tensorboard }: RunOptions,
  settings: RunSettings,
  { items, model }: PreparedRun,
  trainer: Trainer<unknown>,
  kept: KeptWeights | null,
): RunState {
  const stopped = readStoppedRun(output);
  if (!isDeepStrictEqual(stopped.settings, JSON.parse(JSON.stringify(settings)))) {
    throw new InputError(`${output} was stopped with other settings; resume it with its own.`);
  }
  if (stopped.fingerprint !== fingerprint(items)) {
    throw new InputError(
      `The training data of ${output} are not what they were when it was stopped; restore them, or begin again with ${OVERWRITE}.`,
    );
  }
  const { header, optimizer, kept: values } = loadCheckpoint(output, model.saved);
  trainer.restore(optimizer);
  if (kept?.told(header.history) && !values) {
    throw new InputError(`${output} lacks the weights of the best evaluation; begin again with ${OVERWRITE}.`);
  }
  if (kept) kept.values = values;
  const { losses, history, seconds, ...rest } = header;
  return {
    ...rest,
    ...(tensorboard && { tensorboard }),
    losses: [...losses],
    history: [...history],
    seconds: { ...seconds },
  };
}

/** The judgement of the weights after `step`, which are judged once more where the last evaluation was of others, or before a break. */
async function finalJudgement(
  { model, evaluation }: PreparedRun,
  judged: JudgedStep | null,
  lastStep: number,
  kept: KeptStep | null,
  { events, signal }: RunOptions,
): Promise<Judgement | null> {
  if (!evaluation) return null;
  const onBatch = (done: number) => events?.onEvaluate?.(done, evaluation.size);
  const isOfThese = judged?.step === (kept?.step ?? lastStep);
  return isOfThese ? judged.judgement : evaluation.judge(model.network, { onBatch, signal });
}

/** Returns the contents of a finished run's files. */
function told(
  settings: RunSettings,
  { model, data }: PreparedRun,
  trainer: Trainer<unknown>,
  state: RunState,
  kept: KeptWeights | null,
  { versions = {} }: RunOptions,
): Omit<RunTold, 'report'> {
  return {
    config: {
      settings,
      labels: model.labels,
      metrics: (data.evaluation ?? data.train).metrics,
      ...(data.table && { table: tableFacts(data.table) }),
      pruning: state.pruning,
      command: state.command,
      versions,
    },
    metrics: trainingMetrics(model, trainer, state, kept),
  };
}
