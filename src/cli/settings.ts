import { basename, extname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { fusion } from '../adapters/index.ts';
import type { BackendName } from '../backends/index.ts';
import { type BatchOrder, glueTasks, type HubDataset, knownDatasets, windowDefaults, xsumFile } from '../data/index.ts';
import { isFolder } from '../io/index.ts';
import type { Pooling } from '../models/index.ts';
import {
  type DataSettings,
  defaultMaxLength,
  type FusedAdapter,
  fusedAdapters,
  isHubGlue,
  type PruningSettings,
  type RunSettings,
  runDefaults,
  type TextGenerationData,
  type TrainingOptions,
  taskOf,
  textDefaults,
  trainingDefaults,
} from '../training/index.ts';
import { adapterSettings, checkAdapterAgreement } from './adapter-options.ts';
import { UsageError } from './errors.ts';
import { useData, useModel } from './fetch.ts';
import { type GenerationFlags, generationAsked } from './generation-options.ts';
import { checkColumns, inputKind } from './input.ts';
import { isExplicit, rejectExplicit, written } from './options.ts';
import { checkMethodAgreement, type PruningFlags, pruningFlagOf, pruningSettings } from './pruning-options.ts';

/** What `--task` accepts. */
export const taskNames = [...glueTasks, 'squad' as const, 'xsum' as const];

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
  readonly target?: string;
  readonly maxTargetLength?: number;
  readonly stride?: number;
  readonly skipInvalid?: boolean;
  readonly rougeTokenizer?: TextGenerationData['rougeTokenizer'];
}

/** The options that determine a run. Those of training are absent in `prune`. */
export interface RunFlags extends DataFlags, GenerationFlags, PruningFlags {
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
  readonly dropoutBelow?: boolean;
  readonly ignoreMismatchedSizes?: boolean;
  readonly head?: 'train' | 'frozen';
  readonly seed: number;
  readonly backend?: BackendName;
}

/** The data whose columns the user named. */
const columns = ({ data }: RunSettings) => (data.kind === 'table' || data.kind === 'dataset' ? data : undefined);
const pairs = ({ data }: RunSettings) => (data.kind === 'pairs' ? data : undefined);
const sampling = (settings: RunSettings) => pairs(settings)?.generation.sampling ?? undefined;

/** What each option would have been in given settings; undefined where it has no meaning. */
const flagOf: { readonly [Flag in keyof RunFlags]-?: (settings: RunSettings) => RunFlags[Flag] | undefined } = {
  model: ({ model }) => model,
  task: ({ data }) => (data.kind === 'glue' ? data.task : data.kind === 'squad' ? data.kind : undefined),
  data: ({ data }) =>
    'train' in data ? data.train : data.kind === 'glue' && !isHubGlue(data) ? data.folder : undefined,
  dataset: ({ data }) => ('dataset' in data ? data.dataset : isHubGlue(data) ? data.folder : undefined),
  subset: ({ data }) => ('dataset' in data ? data.subset : undefined),
  evalData: ({ data }) => ('eval' in data ? (data.eval ?? undefined) : undefined),
  text: (settings) => {
    const text = pairs(settings)?.text;
    return text === undefined ? columns(settings)?.text : [text];
  },
  label: (settings) => columns(settings)?.label,
  labelKind: (settings) => columns(settings)?.labelKind,
  skipInvalid: ({ data }) => ('skipInvalid' in data ? data.skipInvalid : undefined),
  rougeTokenizer: (settings) => pairs(settings)?.rougeTokenizer,
  stride: ({ data }) => (data.kind === 'squad' ? data.stride : undefined),
  target: (settings) => pairs(settings)?.target,
  maxTargetLength: (settings) => pairs(settings)?.maxTargetLength,
  beams: (settings) => pairs(settings)?.generation.numBeams,
  minTargetLength: (settings) => pairs(settings)?.generation.minLength,
  lengthPenalty: (settings) => pairs(settings)?.generation.lengthPenalty,
  earlyStopping: (settings) => pairs(settings)?.generation.earlyStopping,
  uniqueNgrams: (settings) => pairs(settings)?.generation.noRepeatNgramSize,
  sample: (settings) => sampling(settings) && true,
  temperature: (settings) => sampling(settings)?.temperature,
  topK: (settings) => sampling(settings)?.topK,
  topP: (settings) => sampling(settings)?.topP,
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
  dropoutBelow: ({ dropoutBelow = true }) => dropoutBelow,
  ignoreMismatchedSizes: ({ ignoreMismatchedSizes = true }) => ignoreMismatchedSizes,
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
  const runs = runsToFuse(command);
  const adapter = adapterSettings(
    command,
    pruning !== null,
    runs?.map(({ name }) => name),
  );
  const model = await useModel(flags.model);
  const maxLength = flags.maxLength ?? defaultMaxLength(model, taskOf(named));
  return {
    model,
    data: await useData(named),
    adapter,
    ...(runs && { fused: fusedAdapters(runs, model) }),
    pruning,
    training: trainingOptions(flags),
    pooling,
    maxLength,
    ...(flags.dropoutBelow === false && { dropoutBelow: false }),
    trainHead: head === 'train',
    ...(flags.ignoreMismatchedSizes === false && { ignoreMismatchedSizes: false }),
    seed,
    backend,
  };
}

/** The runs whose adapters a fusion mixes; undefined for other kinds. @throws UsageError if they are missing or have no effect */
function runsToFuse(command: Command): Omit<FusedAdapter, 'settings'>[] | undefined {
  const { adapter, fuse } = command.opts<RunFlags>();
  if (adapter !== fusion.kind) {
    rejectExplicit(command, ['fuse'], `has no effect with --adapter ${adapter}; it is for ${fusion.kind}`);
    return undefined;
  }
  if (!fuse) throw new UsageError(`--fuse is missing: the folders of the runs that --adapter ${adapter} mixes.`);
  return fuse.map((named) => {
    const [name] = named.split('=', 1);
    return { name, run: named.slice(name.length + 1) };
  });
}

export const missingModel = (): UsageError =>
  new UsageError('--model is missing: a model folder, an installed npm package, or org/name of the Hugging Face hub.');

function trainingOptions(flags: RunFlags): TrainingOptions {
  const given = { ...trainingDefaults, ...flags };
  const { learningRate, epochs, batchOrder, warmupRatio, weightDecay, maxGradNorm, batchTokens } = given;
  const batchSize = batchTokens === undefined ? given.batchSize : { tokens: batchTokens };
  return { ...trainingDefaults, learningRate, epochs, batchSize, batchOrder, warmupRatio, weightDecay, maxGradNorm };
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
    target,
    labelKind = 'auto',
    stride = windowDefaults.stride,
    skipInvalid,
  } = command.opts<RunFlags>();
  const reading = skipInvalid ? { skipInvalid } : {};
  const source = dataset ?? data;
  if (source === undefined) {
    throw new UsageError(
      '--data is missing: a folder with --task, or a file with --text and --label; or --dataset, org/name of the hub.',
    );
  }
  if (dataset === undefined) rejectExplicit(command, ['subset'], 'goes with --dataset');
  else rejectExplicit(command, ['evalData'], 'goes with --data; a dataset has its own');
  if (task === 'squad') {
    const table = ['text', 'label', 'labelKind', 'target', 'skipInvalid', ...textFlags] as const;
    rejectExplicit(command, table, 'belongs to a table of your own, not to --task squad');
    rejectExplicit(command, ['pooling'], 'has no effect with --task squad, whose head reads every token');
    if (dataset !== undefined) return { kind: 'squad', dataset, subset, stride };
    return { kind: 'squad', train: source, eval: evalData ?? null, stride };
  }
  rejectExplicit(command, ['stride'], 'belongs to --task squad');
  if (task === 'xsum') {
    rejectExplicit(command, ['text', 'target'], 'belongs to a table of your own: that of --task xsum is known');
    if (dataset !== undefined) return pairData(command, { dataset, subset }, knownDatasets.xsum.columns);
    const [train, test] = isFolder(source) ? [xsumFile(source, 'train'), xsumFile(source, 'test')] : [source, null];
    return pairData(command, { train, eval: evalData ?? test }, knownDatasets.xsum.columns);
  }
  if (task !== undefined) {
    const own = ['evalData', 'text', 'label', 'labelKind', 'target', 'subset', ...textFlags] as const;
    rejectExplicit(command, own, 'belongs to a file or dataset of your own, not to --task');
    return { kind: 'glue', task, folder: source, ...reading };
  }
  if (data !== undefined && isFolder(data))
    throw new UsageError(`--data ${data} is a folder: name its GLUE task with --task.`);
  if (text === undefined) throw new UsageError('--text is missing: the column with the text, or two of them.');
  if (target !== undefined) {
    if (text.length !== 1)
      throw new UsageError('--text names two columns; with --target it is one, with the text to read.');
    const files = dataset === undefined ? { train: source, eval: evalData ?? null } : { dataset, subset };
    return pairData(command, files, { text: text[0], target });
  }
  rejectExplicit(command, textFlags, 'goes with --target, the column with the text to write');
  if (label === undefined) throw new UsageError('--label is missing: the column to predict.');
  if (dataset !== undefined) return { kind: 'dataset', dataset, subset, text, label, labelKind, ...reading };
  return { kind: 'table', train: source, eval: evalData ?? null, text, label, labelKind, ...reading };
}

/** Options that concern texts to write. */
const textFlags = [
  'maxTargetLength',
  'rougeTokenizer',
  'beams',
  'minTargetLength',
  'lengthPenalty',
  'earlyStopping',
  'uniqueNgrams',
  'sample',
  'temperature',
  'topK',
  'topP',
] as const satisfies (keyof RunFlags)[];

/** Texts with texts to write for them. */
function pairData(
  command: Command,
  files: { readonly train: string; readonly eval: string | null } | HubDataset,
  columns: Pick<TextGenerationData, 'text' | 'target'>,
): TextGenerationData {
  const written = 'is a column of classes or numbers; where texts are to be written there is none';
  rejectExplicit(command, ['label', 'labelKind'], written);
  rejectExplicit(command, ['pooling', 'head'], 'has no effect where texts are written: they have no head of their own');
  const flags = command.opts<RunFlags>();
  return {
    kind: 'pairs',
    ...files,
    ...columns,
    maxTargetLength: flags.maxTargetLength ?? textDefaults.maxTargetLength,
    generation: generationAsked(flags),
    ...(flags.rougeTokenizer && { rougeTokenizer: flags.rougeTokenizer }),
    ...(flags.skipInvalid && { skipInvalid: true }),
  };
}

/**
 * What `evaluate` reads in place of the stored data: a file, or a GLUE folder for a run on GLUE. Columns that are not given are
 * those of the run.
 *
 * @returns undefined if it is the stored data as they were read and judged for the run
 */
export function evaluationData(command: Command, stored: DataSettings): DataSettings | undefined {
  const { data, skipInvalid, rougeTokenizer } = command.opts<DataFlags>();
  if (stored.kind !== 'pairs' && stored.kind !== 'unknown-texts') {
    rejectExplicit(command, ['rougeTokenizer'], 'goes with a run that writes texts');
  }
  if (stored.kind === 'squad' || stored.kind === 'wordnet') {
    rejectExplicit(command, ['skipInvalid'], 'goes with rows of a table');
  }
  if (data === undefined) rejectExplicit(command, ['text', 'label', 'target'], 'goes with --data');
  if (data === undefined && !skipInvalid && rougeTokenizer === undefined) return undefined;
  const named = data === undefined ? stored : otherData(command, stored, data);
  return {
    ...named,
    ...(skipInvalid && { skipInvalid }),
    ...(rougeTokenizer && { rougeTokenizer }),
  } as DataSettings;
}

function otherData(command: Command, stored: DataSettings, data: string): DataSettings {
  const { text, label, target } = command.opts<DataFlags>();
  if (stored.kind === 'squad' || stored.kind === 'unknown-questions') {
    rejectExplicit(command, ['text', 'label', 'target'], 'names columns, which data of questions do not have');
    return { kind: 'squad', train: data, eval: data, stride: stored.stride };
  }
  if (stored.kind === 'glue' && isFolder(data)) return { ...stored, folder: data };
  if (stored.kind === 'pairs' || stored.kind === 'unknown-texts') {
    rejectExplicit(command, ['label'], 'names classes or numbers; this run writes texts, name theirs with --target');
    const own = stored.kind === 'pairs' ? stored : undefined;
    const [column = own?.text, other] = text ?? [];
    const targets = target ?? own?.target;
    if (column === undefined || targets === undefined) {
      throw new UsageError('--text and --target are missing: the columns of the file.');
    }
    if (other !== undefined) throw new UsageError('--text names two columns; it is one, with the text to read.');
    const file = isFolder(data) ? xsumFile(data, 'test') : data;
    const { maxTargetLength, generation } = stored;
    const columns = { text: column, target: targets };
    const judged = own?.rougeTokenizer && { rougeTokenizer: own.rougeTokenizer };
    return { kind: 'pairs', train: file, eval: file, ...columns, maxTargetLength, generation, ...judged };
  }
  rejectExplicit(command, ['target'], 'goes with a run that writes texts');
  const columns = stored.kind === 'table' || stored.kind === 'dataset' ? stored : undefined;
  const [texts, labels] = [text ?? columns?.text, label ?? columns?.label];
  if (!texts || !labels) {
    throw new UsageError('--text and --label are missing: the columns of the file.');
  }
  checkColumns(texts, inputKind(stored));
  return { kind: 'table', train: data, eval: data, text: texts, label: labels, labelKind: 'auto' };
}

const fileName = ({ train }: { readonly train: string }): string => basename(train, extname(train));
const shortName = ({ dataset, subset }: HubDataset): string =>
  [dataset.replace(/@.*$/, '').replace(/^.*\//, ''), subset?.replaceAll('/', '-')].filter((part) => part).join('-');

const dataName = (data: DataSettings): string => {
  switch (data.kind) {
    case 'glue':
      return data.task;
    case 'table':
      return fileName(data);
    case 'pairs':
      return 'dataset' in data ? shortName(data) : fileName(data);
    case 'dataset':
      return shortName(data);
    default:
      return data.kind;
  }
};

/** `runs/<task, file or dataset>-<adapter>-<pruning>-s<seed>`. */
export function defaultOutput({ data, adapter, pruning, seed }: RunSettings): string {
  const method = pruning ? `${pruning.method.replace(':', '-')}${sparsityPart(pruning.sparsity)}` : 'dense';
  return join('runs', `${dataName(data)}-${adapter.kind}-${method}-s${seed}`);
}

/** `40` for 40 %, `x4` for Large-Sparse. */
const sparsityPart = (sparsity: PruningSettings['sparsity']): string =>
  typeof sparsity === 'number' ? String(Math.round(100 * sparsity)) : `x${sparsity.largeSparse}`;
