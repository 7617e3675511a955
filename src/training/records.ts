/** Schemas of the files of a run, from which their types are derived. */
import * as v from 'valibot';
import { scoreNames } from '../metrics/score-names.ts';
import {
  finiteNumber,
  listOf,
  namedValues,
  nonEmptyText,
  nonNegative,
  oneOf,
  orNone,
  positiveInteger,
  strictFields,
  text,
  type ValueOf,
  valuesOf,
  wholeNumber,
} from '../settings/index.ts';
import { pluginRecords } from './plugins.ts';
import { completeStored } from './settings-table.ts';
import type { Scores } from './task.ts';

/** A score that is undefined, such as the correlation with a constant, is NaN, which JSON writes as null. */
const score = v.pipe(
  orNone(finiteNumber),
  v.transform((value) => value ?? Number.NaN),
);
export const scores: v.GenericSchema<unknown, Scores> = valuesOf(scoreNames, score);

const counts = {
  total: wholeNumber,
  kept: wholeNumber,
};
const sum = (layers: readonly { readonly total: number; readonly kept: number }[], key: 'total' | 'kept') =>
  layers.reduce((total, layer) => total + layer[key], 0);

/** The result of pruning; with Large-Sparse also the number of weights of the narrow, dense adapter. */
export type AdapterPruneReport = ValueOf<typeof pruneReport>;
export const pruneReport = v.pipe(
  strictFields({
    ...counts,
    layers: listOf(strictFields({ name: nonEmptyText, ...counts })),
    dense: v.optional(wholeNumber),
  }),
  v.check(({ total, kept, layers }) => {
    const fits = layers.every((layer) => layer.kept <= layer.total);
    return fits && sum(layers, 'total') === total && sum(layers, 'kept') === kept;
  }, 'a report whose layers add up to its total'),
);

/** The scores on the evaluation data after a number of steps. */
export type ScoredStep = ValueOf<typeof scoredStep>;
const scoredStep = strictFields({ step: wholeNumber, metrics: scores });

/** The evaluation whose weights a run has, and what chose it. */
export type KeptStep = ValueOf<typeof keptStep>;
const keptStep = strictFields({
  step: wholeNumber,
  metric: nonEmptyText,
  score: finiteNumber,
  chosen_by: v.literal('evaluation rows'),
});

/** What a training that ended early was to do, and the evaluations without a better score that ended it. */
export type EarlyStop = ValueOf<typeof earlyStop>;
const earlyStop = strictFields({ planned_steps: wholeNumber, patience: positiveInteger });

const seconds = strictFields({ pruning: nonNegative, training: nonNegative, evaluation: nonNegative });

/** The table of which rows were held out: how many it has, and a digest of their texts and classes. */
const tableFields = strictFields({ rows: wholeNumber, fingerprint: nonEmptyText });

const configFields = {
  settings: completeStored,
  table: v.optional(tableFields),
  /** Class names; null where there are none, as in regression. */
  labels: orNone(listOf(text)),
  metrics: listOf(oneOf(scoreNames)),
  pruning: orNone(pruneReport),
  /** The exact command that made it. */
  command: listOf(text),
  versions: namedValues(text),
  /** The files that added to the program; absent where there were none. */
  plugins: pluginRecords,
  /** Of the tensors that all this is told of; absent in folders of earlier versions. */
  fingerprint: v.optional(nonEmptyText),
};
/** `sparse-adapter.json`: everything needed to rebuild the model and to know its origin. */
export type RunConfig = ValueOf<typeof runConfig>;
export const runConfig = strictFields({ format_version: wholeNumber, ...configFields });

/** `metrics.json`. */
export type RunMetrics = ValueOf<typeof runMetrics>;
export const runMetrics = strictFields({
  /** On the evaluation data after the last step, or after that whose weights are kept; null without evaluation data. */
  metrics: orNone(scores),
  /** On rows that chose nothing; absent without such. */
  test_metrics: v.optional(scores),
  /** Absent where the weights are those of the last step. */
  kept: v.optional(keptStep),
  /** Absent where all steps were taken. */
  stopped_early: v.optional(earlyStop),
  /** Without the pruned ones. */
  trained_parameters: strictFields({ adapter: wholeNumber, head: wholeNumber }),
  backbone_parameters: wholeNumber,
  /** Those taken, also where the weights of an earlier one are kept. */
  steps: wholeNumber,
  /** The scores while it was trained. */
  history: listOf(scoredStep),
  /** The mean loss of each epoch. */
  epoch_losses: listOf(finiteNumber),
  seconds,
  /** In training. */
  tokens_per_second: orNone(nonNegative),
  /** Of the tensors that the scores are of; absent in folders of earlier versions. */
  fingerprint: v.optional(nonEmptyText),
});

/** The file beside those of another library, for facts that they have no place for. */
export type Origin = ValueOf<typeof originFile>;
export const originFile = strictFields({
  config: strictFields(configFields),
  metrics: runMetrics,
  /** Of the tensors of each file that was written with it; absent in folders of earlier versions. */
  fingerprints: v.optional(namedValues(nonEmptyText)),
});

/** The state of a stopped run. */
export type CheckpointHeader = ValueOf<typeof checkpointHeader>;
export const checkpointHeader = v.pipe(
  strictFields({
    settings: completeStored,
    /** Of the examples that it was trained on. */
    fingerprint: nonEmptyText,
    /** The command that began the run. */
    command: listOf(text),
    pruning: orNone(pruneReport),
    /** The folder that its events for TensorBoard are written to, if they are. */
    tensorboard: v.optional(nonEmptyText),
    plugins: pluginRecords,
    step: wholeNumber,
    /** One per step. */
    losses: listOf(finiteNumber),
    history: listOf(scoredStep),
    /** On rows that chose nothing, where a result could not be saved. */
    test: v.optional(scores),
    tokens: wholeNumber,
    seconds,
  }),
  v.check(({ step, losses }) => losses.length === step, 'the header of a checkpoint with one loss per step'),
);
