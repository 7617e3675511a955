import type { AdaptableModel } from '../adapters/index.ts';
import type { Dataset, KnownDataset, ProblemChoice, Source, Split } from '../data/browser.ts';
import type { RougeTokenizer } from '../metrics/index.ts';
import type { HeadUse, ModelConfig, PoolerPlace, Recipe } from '../models/browser.ts';
import type { Parameter } from '../nn/index.ts';
import { add, mul } from '../ops/arithmetic.ts';
import type { Random } from '../random/index.ts';
import type { ReportPart } from '../report/schema.ts';
import type { OptionTable } from '../settings/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Tokenizer } from '../text/index.ts';
import type { RunSettings } from './settings-table.ts';
import type { TextLength } from './text-length.ts';
import type { Objective } from './trainer.ts';

/** How a loss is computed from logits. */
export interface LossOptions {
  /** Divides the logits. Default 1 */
  readonly temperature?: number;
  /** The weight of each class, by which the mean is weighted; for tasks with `classesOf`. Default: all 1 */
  readonly classWeights?: readonly number[];
  /** Part of each target that is spread over all classes; for tasks with `classesOf`. Default 0 */
  readonly labelSmoothing?: number;
}

/** The part of a task that training uses: sizes of items and the loss. */
export interface Learner<Model, Item> {
  /** Tokens of an item. */
  tokenCount(item: Item): number;
  /**
   * The mean loss of a batch, a tensor with one element; with `random`, dropout is on.
   *
   * @throws InputError for a temperature other than 1 where the output is no logits
   */
  loss(model: Model, batch: readonly Item[], random?: Random, options?: LossOptions): Tensor;
}

/** logits / temperature */
export const scaleLogits = (logits: Tensor, temperature: number): Tensor =>
  temperature === 1 ? logits : mul(logits, 1 / temperature);

/**
 * Training `parameters` of a model on items.
 *
 * @param regularizer a term that is added to the loss of every batch, as some adapters ask for
 * @param options of the loss
 */
export function objectiveOf<Model, Item>(
  learner: Learner<Model, Item>,
  model: Model,
  items: readonly Item[],
  parameters: readonly Parameter[],
  regularizer: (() => Tensor) | null = null,
  options?: LossOptions,
): Objective<Item> {
  return {
    items,
    parameters,
    lengthOf: (item) => learner.tokenCount(item),
    loss: (batch, random) => {
      const mean = learner.loss(model, batch, random, options);
      return regularizer ? add(mean, regularizer()) : mean;
    },
  };
}

/** Scores of a model by metric: fractions or correlations. */
export type Scores = Readonly<Record<string, number>>;

export interface PredictOptions {
  /** Default 32. */
  readonly batchSize?: number;
  /** Told the number of items done so far. */
  readonly onBatch?: (done: number) => void;
  /** When it is aborted its reason is thrown before the next batch. */
  readonly signal?: AbortSignal;
}

/**
 * How good a model is on some examples, and why. Only `scores` is asked of a task: without parts a report shows the scores.
 *
 * A task that has more to tell makes parts of `src/report/`, which `schema.ts` lists: plain JSON that a table, a page and `--json` show
 * without knowing the task. `classParts`, `numberParts`, `classesPart` and `examplesPart` there make the usual ones. A task loads them
 * within `judge`, as text-classification.ts does, so that a page which only predicts does without.
 */
export interface Judgement {
  readonly scores: Scores;
  /** What is amiss, such as a class that is never predicted; one line each. */
  readonly warnings?: readonly string[];
  /** Tables, plots and texts behind the scores, in the order in which they are shown. */
  readonly parts?: readonly ReportPart[];
  /** Of each example, for tasks with one answer each. */
  readonly answers?: JudgedAnswers;
}

/** The truth and what a model gives, example by example: numbers of classes, or numbers. */
export interface JudgedAnswers {
  readonly targets: readonly number[];
  readonly predictions: readonly number[];
}

/** Examples made ready to judge models on. */
export interface Evaluation<Model> {
  /** Number of items that pass through the model. */
  readonly size: number;
  /** Checks what can be known before training. @throws InputError for settings with which the model cannot be judged */
  check?(model: Model): void;
  /** @throws InputError if the model's output is not finite */
  judge(model: Model, options?: PredictOptions): Promise<Judgement>;
}

/** Options for the head of a task's model. */
export interface RecipeOptions {
  /** Whether the head of the checkpoint is used. */
  readonly head: HeadUse;
  /** Whether the pooler goes with the head. */
  readonly pooler?: PoolerPlace;
}

/** Columns of the rows and how they are read; each task uses those that it needs. */
export interface ColumnSettings {
  /** A well-known dataset, whose columns need not be named. */
  readonly known?: KnownDataset;
  /** The column with the text, or the two with a pair of texts. Default: `text`, and `textPair` if it is there. */
  readonly text?: string | readonly string[];
  /** The column with the class or the number. */
  readonly label?: string;
  readonly problemType?: ProblemChoice;
  /** What stands between the labels of a cell, where a text can have several; left out, cells are lists. */
  readonly labelSeparator?: string;
  /** The column with the text to write. Default `target`. */
  readonly target?: string;
  /** The column with the list of choices, or those with one each. Default `choices`, else those of SWAG. */
  readonly choices?: string | readonly string[];
  /** The column with a text that does not belong to the first of two. */
  readonly negative?: string;
  /** Leave out rows that cannot be used, instead of an error that lists them. Default false. */
  readonly skipInvalid?: boolean;
  /** Tokenizer of ROUGE. Default `ascii`. */
  readonly rougeTokenizer?: RougeTokenizer;
}

/** Types that the methods of a task pass to each other. */
export interface TaskTypes {
  readonly model: AdaptableModel & { readonly config: ModelConfig };
  readonly dataset: Dataset<unknown, string>;
  /** One element of a batch. */
  readonly item: unknown;
}

/**
 * A task, from files to scores. A run calls the methods in the order below and treats the values that pass between them as
 * opaque, so one loop trains every task.
 */
export interface Task<T extends TaskTypes = TaskTypes> extends Learner<T['model'], T['item']> {
  /** In the words of Hugging Face's pipelines. */
  readonly name: string;
  /** Settings of its own, for tasks that are registered: each belongs to it, `for: { task: [name] }`. */
  readonly settings?: OptionTable<unknown>;
  /** The name of the task as one of which a trained model is used, for tasks that are registered: its network is of the same class. */
  readonly usedAs?: string;
  /** Names of tasks whose settings it takes too, such as the columns of `text-classification`. */
  readonly takesSettingsOf?: readonly string[];
  /** Tokens of an item where the settings say nothing and the model has positions for them. */
  readonly maxLength: number;
  /** The column of labels in rows of a program where none is named. Default `label`. */
  readonly labelColumn?: string;
  /**
   * Reads the rows of a split; null where the source has none.
   *
   * @param columns the columns of the rows
   * @param labels the classes of a model, null where it has none; left out, the rows tell them
   * @throws InputError if a file, a column or a label is not as promised, and for a class that is not among `labels`
   */
  read(
    source: Source,
    split: Split,
    columns: ColumnSettings,
    labels?: readonly string[] | null,
  ): Promise<T['dataset'] | null>;
  /** Completes settings by what the examples to train on are; left out: they say nothing. */
  settled?(settings: RunSettings, dataset: T['dataset']): RunSettings;
  /** Rows to train on as rows to evaluate on, where reading makes a difference. */
  judged?(dataset: T['dataset'], columns: ColumnSettings): T['dataset'];
  /**
   * Returns the recipe that builds the model from a checkpoint: the backbone with the task's head.
   *
   * @param labels the classes; null for numbers, undefined for the checkpoint's own head, which there must be
   */
  recipe(
    settings: RunSettings,
    labels: readonly string[] | null | undefined,
    options: RecipeOptions,
  ): Recipe<T['model']>;
  /** The classes of a model in the order of its head's outputs, which may be that of a checkpoint; left out: it has none. */
  labelsOf?(model: T['model']): readonly string[] | null;
  /** The classes that an item is an example of, where each output is one of several classes; left out: nothing is weighted by class. */
  classesOf?(item: T['item']): readonly number[];
  /** Whether the label of an example is the number of one of its own choices, and neither a class nor a number to predict. */
  readonly choosesAmongOwn?: true;
  /** The lengths of the texts of an example as they are; left out: nothing of them is cut off. */
  lengths?(
    example: T['dataset']['examples'][number],
    tokenizer: Tokenizer,
    settings: RunSettings,
  ): readonly TextLength[];
  /** Why the loss of an item alone says nothing about weights; null or left out: it does. */
  aloneProblem?(item: T['item']): string | null;
  /** Examples to train on as items. */
  encode(dataset: T['dataset'], tokenizer: Tokenizer, settings: RunSettings): T['item'][];
  evaluation(dataset: T['dataset'], tokenizer: Tokenizer, settings: RunSettings): Evaluation<T['model']>;
}
