import { InputError } from '../errors.ts';
import { Random } from '../random/index.ts';
import type { EvaluationReport } from '../report/index.ts';
import {
  checkInstance,
  checkOptions,
  type GivenOf,
  type OptionNames,
  type OptionTable,
  openFields,
  parseGiven,
  parseWith,
  refuseWithoutEffect,
  wholeNumber,
} from '../settings/index.ts';
import {
  type AdapterPruneReport,
  type Batch,
  BatchPlan,
  batchesOf,
  bestChoice,
  evaluationReportOf,
  evaluationSettings,
  type GivenPruning,
  keptNotes,
  keptOf,
  type LoopEvents,
  lossSettings,
  prunedAs,
  type RunConfig,
  type RunMetrics,
  type Scores,
  TaskModel,
  type TaskTypes,
  Trainer,
  type TrainingOptions,
  trainingMetrics,
  trainingOptions,
  trainLoop,
  untrainedMetrics,
} from '../training/index.ts';
import { EpochItems } from './examples.ts';
import { type DataOptions, readEvaluation, readItems, type TrainingData } from './read.ts';
import { type SaveOptions, saveModel } from './save.ts';

/** Options of pruning: which method, how much, and examples to score weights on. */
export interface PruneOptions extends GivenPruning, DataOptions {
  /** Left out for methods that look at no data. */
  readonly data?: TrainingData;
  /** Told how many passes over a batch are done, and how many there are. */
  readonly onBatch?: (done: number, total: number) => void;
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/** Options of batches. */
export interface BatchesOptions
  extends DataOptions,
    Partial<Pick<TrainingOptions, 'batchSize' | 'batchTokens' | 'groupByLength' | 'epochs'>> {
  /** Default: that of the model. */
  readonly seed?: number;
}

export interface FitOptions extends DataOptions, Partial<TrainingOptions>, GivenOf<typeof lossSettings>, LoopEvents {
  readonly evalData?: TrainingData;
  /** The number of evaluations, at equal distances; the last one is at the end. Default 1. */
  readonly evaluations?: number;
  /** The seed of order and dropout. Default: that of the model, from which head and adapter are drawn and which a run stores. */
  readonly seed?: number;
  /** When it is aborted, training ends after the current step with the signal's reason. */
  readonly signal?: AbortSignal;
}

const dataOptionNames: OptionNames<DataOptions> = {
  text: true,
  label: true,
  problemType: true,
  labelSeparator: true,
  target: true,
  choices: true,
  negative: true,
  skipInvalid: true,
  rougeTokenizer: true,
};
const batchesOptionNames: OptionNames<BatchesOptions> = {
  ...dataOptionNames,
  batchSize: true,
  batchTokens: true,
  groupByLength: true,
  epochs: true,
  seed: true,
};

/** Splits options into those of the rows' columns and the others. */
function splitColumns<Options extends DataOptions>({
  text,
  label,
  problemType,
  labelSeparator,
  target,
  choices,
  negative,
  skipInvalid,
  rougeTokenizer,
  ...given
}: Options): { readonly columns: DataOptions; readonly given: Omit<Options, keyof DataOptions> } {
  return {
    columns: { text, label, problemType, labelSeparator, target, choices, negative, skipInvalid, rougeTokenizer },
    given,
  };
}

/** Splits options into those of a table, checked, and the others. @throws InputError for a value that the table does not accept */
function splitSettings<Table extends OptionTable<unknown>, Options extends GivenOf<Table>>(
  table: Table,
  options: Options,
): { readonly own: GivenOf<Table>; readonly rest: Omit<Options, keyof Table> } {
  const part = (isOwn: boolean) =>
    Object.fromEntries(Object.entries(options).filter(([key]) => Object.hasOwn(table, key) === isOwn));
  return {
    own: parseGiven(table, part(true), 'training') as GivenOf<Table>,
    rest: part(false) as Omit<Options, keyof Table>,
  };
}

/** Options that a training has beside those of its trainer. */
const runFields = openFields({ seed: wholeNumber });

/** @throws InputError for a seed that there cannot be @throws TypeError for a signal that is none */
function checkRun(options: { readonly seed: number; readonly signal?: AbortSignal }): void {
  parseWith(runFields, options, 'training');
  const { signal } = options;
  if (signal !== undefined) checkInstance('fit', 'signal', signal, AbortSignal);
}

/**
 * A pretrained model for one task, as PEFT has them: with an adapter, pruned, trained and saved, from data of any form.
 *
 * Data are a path, a list of paths, an array of rows, or an (async) iterable of rows that is opened again for each epoch.
 */
export abstract class PretrainedModel<T extends TaskTypes> extends TaskModel<T> {
  #pruning: AdapterPruneReport | null = null;
  #metrics: RunMetrics | null = null;
  #report: EvaluationReport | null = null;
  /** Whether a step of training has been taken. */
  #isTrained = false;

  /** The scores of the last evaluation while it was trained; null before it, and without evaluation data. */
  get metrics(): Scores | null {
    return this.#metrics?.metrics ?? null;
  }

  /** The results of training: losses, scores, seconds; null before it. */
  get trained(): RunMetrics | null {
    return this.#metrics;
  }

  /** The result of pruning; null before it. */
  get pruned(): AdapterPruneReport | null {
    return this.#pruning;
  }

  /** Restores what a saved run tells of its pruning and its training. */
  restoreRecord({ pruning }: Pick<RunConfig, 'pruning'>, metrics: RunMetrics, report: EvaluationReport | null): void {
    this.#pruning = pruning;
    this.#metrics = metrics;
    this.#report = report;
    this.#isTrained = metrics.steps > 0;
  }

  /**
   * Prunes the adapter at initialisation, without dropout, and returns what is kept of each matrix.
   *
   * @throws InputError if the model has no adapter, or one that is pruned or trained already, and if the method cannot tell weights
   *   apart, or needs data and gets none
   */
  async prune(options: PruneOptions = {}): Promise<AdapterPruneReport> {
    const { data, onBatch, onWarning, signal, ...others } = options;
    const { columns, given } = splitColumns(others);
    void this.adapter; // says what is missing
    this.#refuseLatePruning();
    const before = this.settings;
    this.usePruning(prunedAs(given));
    try {
      const items = data === undefined ? [] : await readItems(this, data, columns);
      const report = await this.pruneAdapter(items, { onBatch, onWarning, signal });
      if (!report) throw new InputError('There is nothing to prune.');
      this.#pruning = report;
      return report;
    } catch (error) {
      // A model that was not pruned is not saved as one that was.
      this.usePruning(before);
      throw error;
    }
  }

  #refuseLatePruning(): void {
    const done = this.#pruning ? 'pruned' : this.#isTrained ? 'trained' : null;
    if (done === null) return;
    throw new InputError(
      `The adapter is ${done} already, and pruning at initialisation comes once, before training; begin with a new model.`,
    );
  }

  /**
   * Gives the batches of a training, in a seeded order, each with the generator that its dropout draws from.
   *
   * @throws InputError as the reading of data, and for rows that can be read once, where there are more epochs than one
   */
  async *batches(data: TrainingData, options: BatchesOptions = {}): AsyncGenerator<Batch<T['item']>, void, undefined> {
    checkOptions('batches', options, batchesOptionNames);
    const { batchSize, batchTokens, groupByLength, epochs: passes = 1, ...rest } = options;
    const { seed = this.settings.seed, ...columns } = rest;
    checkRun({ seed });
    const { epochs, ...sizes } = trainingOptions({ batchSize, batchTokens, groupByLength, epochs: passes });
    const examples = new EpochItems(this, data, { ...columns, epochs });
    const lengthOf = (item: T['item']) => this.definition.tokenCount(item);
    const plan = new BatchPlan(
      await examples.read(),
      { ...batchesOf(sizes), epochs, lengthOf },
      new Random(seed).fork('training'),
    );
    for (let step = 0; step < plan.totalSteps; step++) {
      if (step > 0 && examples.areReopened && plan.startsEpoch(step)) plan.replaceItems(step, await examples.read());
      yield plan.at(step);
    }
  }

  /**
   * Trains the adapter and the head, and evaluates the model on `evalData`. Defaults are those of SparseAdapter.
   *
   * @returns losses, scores and seconds
   * @throws InputError as the reading of data, and if a loss, a gradient or a weight is not finite
   */
  async fit(data: TrainingData, options: FitOptions = {}): Promise<RunMetrics> {
    const { evalData, seed = this.settings.seed, signal, ...rest } = options;
    const { onStep, onEvaluate, onScored, ...others } = rest;
    const { columns, given } = splitColumns(others);
    const { own: times, rest: unlike } = splitSettings(evaluationSettings, given);
    const { own: loss, rest: ofTrainer } = splitSettings(lossSettings, unlike);
    const training = trainingOptions(ofTrainer);
    refuseWithoutEffect(evaluationSettings, times, bestChoice(times.loadBestModelAtEnd ?? false));
    checkRun({ seed, signal });
    void this.adapter; // says what is missing
    this.useTraining(training, { ...loss, ...times });
    const examples = new EpochItems(this, data, { ...columns, epochs: training.epochs });
    const items = await examples.read();
    const judged = evalData === undefined ? null : await readEvaluation(this, evalData, columns);
    const kept = keptOf(
      { ...times, riglSteps: this.settings.riglSteps },
      judged?.dataset.metrics,
      this.trainable.parameters,
    );
    const trainer = new Trainer(this.objective(items), training, new Random(seed).fork('training'));
    this.#isTrained ||= !trainer.done;
    try {
      const progress = { losses: [], history: [], tokens: 0, seconds: { pruning: 0, training: 0, evaluation: 0 } };
      const last = await trainLoop(this, trainer, progress, {
        evaluation: judged?.evaluation ?? null,
        times,
        kept,
        signal,
        events: { onStep, onEvaluate, onScored },
        onEpoch: async () => {
          if (trainer.step > 0 && examples.areReopened) trainer.plan.replaceItems(trainer.step, await examples.read());
        },
      });
      const told = kept?.told(progress.history) ?? null;
      this.#metrics = trainingMetrics(this, trainer, progress, kept);
      this.#report = last && judged ? evaluationReportOf(last.judgement, judged.dataset, keptNotes(told)) : null;
      return this.#metrics;
    } finally {
      trainer.dispose();
    }
  }

  /** Evaluates the model. @throws InputError as the reading of data, and if the model's output is not finite */
  async evaluate(data: TrainingData, options: DataOptions = {}): Promise<Scores> {
    checkOptions('evaluate', options, dataOptionNames);
    const { evaluation } = await readEvaluation(this, data, options);
    return (await evaluation.judge(this.hold())).scores;
  }

  /**
   * Evaluates the model and tells what stands behind its scores, such as the confusions of classes; {@link reportPage} makes a page of it.
   *
   * @throws InputError as {@link evaluate}
   */
  async report(data: TrainingData, options: DataOptions = {}): Promise<EvaluationReport> {
    checkOptions('report', options, dataOptionNames);
    const { evaluation, dataset } = await readEvaluation(this, data, options);
    return evaluationReportOf(await evaluation.judge(this.hold()), dataset);
  }

  /**
   * Saves the adapter and the head in a folder: as a run of ours, or for another library.
   *
   * @throws InputError for a folder that holds something else, or an earlier output without `overwrite`, and an adapter that the
   *   format cannot express
   */
  savePretrained(folder: string, options: SaveOptions = {}): Promise<void> {
    const record = { pruning: this.#pruning, metrics: this.#metrics ?? untrainedMetrics(this), report: this.#report };
    return saveModel(this, record, folder, options);
  }
}
