/** The settings of runs as schemas, from which their types follow. */
import * as v from 'valibot';
import { type AdapterSettings, completeAdapter, givenAdapter } from '../adapters/index.ts';
import type { BackendName } from '../backends/index.ts';
import { glueTasks, type LabelKind } from '../data/index.ts';
import { rougeTokenizers } from '../metrics/index.ts';
import { type Pooling, partialGeneration } from '../models/index.ts';
import { pruningIterations, pruningMethods, pruningScopes } from '../pruning/index.ts';
import {
  boolean,
  byName,
  chosenBy,
  factor,
  listOf,
  nonEmptyText,
  type OptionValue,
  oneOf,
  openFields,
  orNone,
  partialTable,
  positiveInteger,
  type Schema,
  sparsity,
  strictFields,
  text,
  type ValueOf,
  wholeNumber,
} from '../settings/index.ts';
import { trainingOptions } from './trainer.ts';

/** Files on this machine. */
const ownFiles = {
  train: nonEmptyText,
  /** Null: no evaluation. */
  eval: orNone(nonEmptyText),
};

/** How rows are read. */
const rowReading = {
  /** Rows that cannot be used are left out and counted. Default false: they are an error that lists them. */
  skipInvalid: v.optional(boolean),
};

/** A dataset of the hub, with files of its own for training and evaluation. */
const hubDataset = {
  /** `org/name`, `org/name@revision`. */
  dataset: nonEmptyText,
  /** The part of one that has several; left out: the only one, or `default`. */
  subset: v.optional(text),
};

const glue = strictFields({
  kind: v.literal('glue'),
  task: oneOf(glueTasks),
  /** Of the official files; or a dataset of the hub, `org/name@revision`, with a subset for each task. */
  folder: nonEmptyText,
  ...rowReading,
});

const columns = {
  text: v.pipe(listOf(text), v.minLength(1, 'one column or two'), v.maxLength(2, 'one column or two')),
  label: text,
  /** What the label column holds; `auto`: numbers if all its values are. */
  labelKind: oneOf(['auto', 'classification', 'regression'] as const satisfies readonly LabelKind[]),
};
const table = strictFields({ kind: v.literal('table'), ...columns, ...ownFiles, ...rowReading });
const dataset = strictFields({ kind: v.literal('dataset'), ...columns, ...hubDataset, ...rowReading });

const wordnet = strictFields({
  kind: v.literal('wordnet'),
  trainPerClass: positiveInteger,
  evalPerClass: positiveInteger,
});

/** Of an adapter that was trained elsewhere. */
const unknown = strictFields({ kind: v.literal('unknown') });

const stride = {
  /** Tokens from the beginning of one window of a text to that of the next. */
  stride: positiveInteger,
};
const windows = { kind: v.literal('squad'), ...stride };
/** Of an adapter for questions that was trained elsewhere. */
const unknownQuestions = strictFields({ kind: v.literal('unknown-questions'), ...stride });
const squad = [strictFields({ ...windows, ...ownFiles }), strictFields({ ...windows, ...hubDataset })] as const;

const written = {
  /** Tokens of a text to write, special tokens included. */
  maxTargetLength: positiveInteger,
  /** What is left out is as the checkpoint says. */
  generation: partialGeneration,
};
/** Of an adapter that writes texts and was trained elsewhere. */
const unknownTexts = strictFields({ kind: v.literal('unknown-texts'), ...written });
const texts = {
  kind: v.literal('pairs'),
  /** The column with the text to read. */
  text,
  /** The column with the text to write. */
  target: text,
  ...written,
  /** What ROUGE takes for words. Default `ascii`, as the official scorer. */
  rougeTokenizer: v.optional(oneOf(rougeTokenizers)),
  ...rowReading,
};
const pairs = [strictFields({ ...texts, ...ownFiles }), strictFields({ ...texts, ...hubDataset })] as const;

const isOfHub = (fields: Readonly<Record<string, unknown>>): boolean => Object.hasOwn(fields, 'dataset');

export const dataSettings = byName('kind', {
  glue,
  table,
  dataset,
  wordnet,
  unknown,
  'unknown-questions': unknownQuestions,
  'unknown-texts': unknownTexts,
  squad: chosenBy((fields) => squad[isOfHub(fields) ? 1 : 0]),
  pairs: chosenBy((fields) => pairs[isOfHub(fields) ? 1 : 0]),
});

/** Where examples with a class or a number come from. */
export type ClassificationData = ValueOf<typeof glue | typeof table | typeof dataset | typeof wordnet | typeof unknown>;

/** Where texts come from, each with one to write for it, and how such are written when the model is evaluated. */
export type TextGenerationData = ValueOf<(typeof pairs)[number]>;

/** Of an adapter that writes texts and was trained elsewhere. */
export type UnknownTexts = ValueOf<typeof unknownTexts>;

/**
 * Where questions about texts come from: files of SQuAD v1.1, or folders with one whose name begins with `train` or `dev`; without
 * `eval` the one in the folder of `train`.
 */
export type QuestionData = ValueOf<(typeof squad)[number]>;

/** Of an adapter for questions that was trained elsewhere. */
export type UnknownQuestions = ValueOf<typeof unknownQuestions>;

/** Where examples come from; the kind tells the task. */
export type DataSettings = ClassificationData | QuestionData | UnknownQuestions | TextGenerationData | UnknownTexts;

const sharedOfPruning = {
  /** The name of a pruning method. */
  method: nonEmptyText,
  /**
   * The fraction of prunable weights removed. Large-Sparse: the adapter is made so many times as wide, and as many weights are
   * removed as the others have then.
   */
  sparsity: v.union(
    [sparsity, strictFields({ largeSparse: factor })],
    'in [0, 1), the fraction of weights removed, or {"largeSparse": a whole number above 1}',
  ),
  scope: oneOf(pruningScopes),
  /** Which parts of the adapter are pruned, see `prunableIn`. Default `all`. */
  prunable: v.optional(nonEmptyText),
  /** In how many rounds. Default: that of the method. */
  iterations: v.optional(pruningIterations),
  /** Training examples to score with. */
  examples: positiveInteger,
};

const pruningWith = (options: Schema<Readonly<Record<string, OptionValue>>>) =>
  strictFields({
    ...sharedOfPruning,
    /** Of the method; those that are left out have its defaults. */
    options: v.optional(options),
  });
export type PruningSettings = ValueOf<ReturnType<typeof pruningWith>>;

export const pruningSettings: Schema<PruningSettings> = chosenBy(({ method: name }) => {
  const methods = pruningMethods();
  const method = methods.find((one) => one.name === name);
  if (!method) return openFields({ method: oneOf(methods.map((one) => one.name)) }) as never;
  return pruningWith(strictFields(partialTable(method.options)) as Schema<Readonly<Record<string, OptionValue>>>);
});

const settingsWith = (adapter: Schema<AdapterSettings>) =>
  strictFields({
    /** A model folder, the name of an installed package, or a model of the hub: `org/name`, `org/name@revision`. */
    model: nonEmptyText,
    data: dataSettings,
    /** Options that are left out have the defaults of its family. */
    adapter,
    /** The adapters that it mixes, if it does. */
    fused: v.optional(
      listOf(
        strictFields({
          /** Its name there. */
          name: nonEmptyText,
          /** The folder of the finished run. Its weights are taken over once, when the other run begins. */
          run: text,
          settings: adapter,
        }),
      ),
    ),
    /** Null: a dense adapter. */
    pruning: orNone(pruningSettings),
    training: trainingOptions,
    pooling: oneOf(['cls', 'mean'] as const satisfies readonly Pooling[]),
    /** Tokens per example, special tokens included. */
    maxLength: positiveInteger,
    /**
     * False leaves dropout out below the first layer with a part of the adapter; the output of those layers is then computed once
     * for each example. Default true.
     */
    dropoutBelow: v.optional(boolean),
    /** False keeps the head as it is: random, as in the SparseAdapter authors' code. */
    trainHead: boolean,
    /**
     * False: a checkpoint's head that does not fit the labels is an error, as one that is missing. True, the default: a new one is
     * made.
     */
    ignoreMismatchedSizes: v.optional(boolean),
    seed: wholeNumber,
    backend: oneOf(['wasm', 'reference', 'gpu'] as const satisfies readonly BackendName[]),
    /** How often the model is evaluated while it is trained, at equal distances; the last time is at the end. Default 1. */
    evaluations: v.optional(positiveInteger),
  });

/** Complete settings, as the files of a run have them. */
export const runSettings = settingsWith(completeAdapter);
/** Settings in which options of the adapter may be left out. */
export const givenSettings = settingsWith(givenAdapter);

/** Everything that determines a run; plain JSON, stored with its results. */
export type RunSettings<Data extends DataSettings = DataSettings> = Omit<ValueOf<typeof runSettings>, 'data'> & {
  /** Where its examples come from. */
  readonly data: Data;
};

/** An adapter of a finished run that the adapter of another one mixes. */
export type FusedAdapter = NonNullable<RunSettings['fused']>[number];
