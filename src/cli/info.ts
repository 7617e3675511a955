import { existsSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type AdaptableModel, adapterTitle } from '../adapters/index.ts';
import { type BackendName, getBackend } from '../backends/index.ts';
import { InputError } from '../errors.ts';
import { isAdapterFolder } from '../interchange/index.ts';
import { readModelConfig, resolveModelFolder } from '../io/index.ts';
import {
  anyAnswererRecipe,
  anyClassifierRecipe,
  type EncoderConfig,
  type EncoderDecoderConfig,
  type HeadKind,
  headTitles,
  isEncoderDecoderType,
  isHeadParameter,
  type Loaded,
  loadClassifier,
  loadModel,
  longestSequence,
  type ModelConfig,
  parseModelConfig,
  type Recipe,
  type SequenceClassifier,
  seq2SeqRecipe,
} from '../models/index.ts';
import { sparseSavings } from '../pruning/index.ts';
import { Random } from '../random/index.ts';
import { memory } from '../tensor/index.ts';
import {
  byModule,
  classification,
  commandText,
  countParameters,
  defaultOf,
  hasCheckpoint,
  isCrossValidation,
  isFinishedRun,
  ownAdapter,
  type RunSettings,
  readRun,
  readStoppedRun,
  runFileSizes,
  settingTable,
  storedCounts,
  storedMatrices,
  taskOf,
  tokenizerOf,
} from '../training/index.ts';
import { useBackend } from './backend.ts';
import {
  countSizes,
  layerTable,
  methodName,
  moduleHead,
  moduleRows,
  runDocument,
  runRows,
  savingsRows,
  sparsityRows,
  trainedRows,
} from './describe.ts';
import { UsageError } from './errors.ts';
import { useModel } from './fetch.ts';
import { chosenByCommand, configOption, givenSettings } from './given-settings.ts';
import { isExplicit, jsonOption } from './options.ts';
import { formatBytes, formatCount, printJson, printTable, warn } from './output.ts';
import { addSettings, shared, written } from './setting-options.ts';
import { dataTitle } from './settings.ts';
import { versions } from './versions.ts';

interface Flags {
  readonly backend: BackendName;
  readonly model?: string;
  readonly json?: boolean;
}

/** Facts to print: one document for machines, tables for people. */
interface Facts {
  readonly document: unknown;
  readonly tables: readonly { readonly rows: string[][]; readonly head?: string[] }[];
}

export function describeInfo(command: Command): void {
  command
    .description('Show what is known of a model, of a run, or of this installation.')
    .argument('[model-or-run]', 'model folder, installed npm package, org/name of the hub, or folder that train wrote')
    .addOption(shared('model', { description: 'the model, instead of the argument' }))
    .addOption(shared('backend'))
    .addOption(jsonOption());
  const { adapter, sparsity, largeSparse, pruningScope, pruningTargets } = settingTable();
  const settings = { adapter, sparsity, largeSparse, pruningScope, pruningTargets };
  const none = { defaultText: null };
  addSettings(command, [{ title: 'How many parameters an adapter on the model would have', settings }], {
    adapter: none,
    sparsity: none,
  }).addOption(configOption());
}

export async function info(command: Command, argument: string | undefined): Promise<void> {
  const { backend, model: named, json } = command.opts<Flags>();
  if (argument !== undefined && named !== undefined)
    throw new UsageError('give a model or run either as the argument or with --model, not both.');
  const planned = plannedAdapter(command);
  const name = argument ?? named ?? planned?.model;
  const { document, tables } = await factsOf(name, planned, backend);
  if (json) return printJson(document);
  for (const { rows, head } of tables) printTable(rows, head);
}

/** An adapter that a model could get, as a run would have it; a configuration file may name the model. */
type Planned = Omit<RunSettings, 'model'> & Partial<Pick<RunSettings, 'model'>>;

/** @throws UsageError for options of an adapter without `--adapter` or a configuration file */
function plannedAdapter(command: Command): Planned | null {
  if (isExplicit(command, 'config'))
    return { ...chosenByCommand(givenSettings(command), { isTrained: false }), maxLength: 1 };
  const given = command.options.map((option) => option.attributeName()).filter((flag) => isExplicit(command, flag));
  const stray = given.find((flag) => !['model', 'backend', 'json', 'adapter'].includes(flag));
  if (!given.includes('adapter')) {
    if (stray !== undefined) throw new UsageError(`${written(stray)} needs --adapter.`);
    return null;
  }
  const isPruned = given.includes('sparsity') || given.includes('largeSparse');
  const unpruned = given.find((flag) => ['pruningScope', 'pruningTargets'].includes(flag));
  if (!isPruned && unpruned !== undefined) {
    throw new UsageError(`${written(unpruned)} needs --sparsity or --large-sparse.`);
  }
  const { settings, write } = givenSettings(command);
  const all = isPruned ? settings : { ...settings, pruning: 'none' };
  return { ...chosenByCommand({ settings: all, write }, { isTrained: false }), maxLength: 1 };
}

async function factsOf(name: string | undefined, planned: Planned | null, backend: BackendName): Promise<Facts> {
  const isRun = name !== undefined && (isFinishedRun(name) || hasCheckpoint(name));
  if (planned && (name === undefined || isRun)) throw new UsageError('--adapter needs a model to count it on.');
  if (name === undefined) return installation();
  if (isFinishedRun(name)) {
    await useBackend(backend);
    return finishedRun(name);
  }
  if (hasCheckpoint(name)) return stoppedRun(name);
  if (isCrossValidation(name)) {
    throw new InputError(`${name} holds the runs of a cross-validation; name one of them, such as fold-1.`);
  }
  if (isAdapterFolder(name) && !existsSync(join(name, 'config.json'))) {
    throw new InputError(
      `${name} is an adapter of another library; take it over with convert --to sparse, then ask again.`,
    );
  }
  await useBackend(backend);
  return model(await useModel(name), planned);
}

async function installation(): Promise<Facts> {
  const backends = [];
  for (const name of shared('backend').argChoices as BackendName[]) backends.push(await describeBackend(name));
  const [cpu] = cpus();
  const machine = {
    platform: `${process.platform} ${process.arch}`,
    cpu: cpu?.model ?? 'unknown',
    threads: availableParallelism(),
    memory_bytes: totalmem(),
  };
  const rows = [
    ...Object.entries(versions),
    ['platform', machine.platform],
    ['processor', `${machine.cpu}, ${machine.threads} threads`],
    ['memory', formatBytes(machine.memory_bytes)],
    ...backends.map(({ name, ...facts }) => [`backend ${name}`, facts.error ?? `${facts.dtype}, ${facts.kernels}`]),
  ];
  return { document: { versions, ...machine, backends }, tables: [{ rows }] };
}

/** Describes a backend, or why this machine cannot run it. */
async function describeBackend(
  name: BackendName,
): Promise<{ name: BackendName; dtype?: string; kernels?: string; error?: string }> {
  try {
    const backend = await useBackend(name);
    return { name, dtype: backend.dtype, kernels: backend.describe() };
  } catch (error) {
    if (error instanceof InputError) return { name, error: error.message };
    throw error;
  }
}

function finishedRun(folder: string): Facts {
  const { config, metrics, report, warnings } = readRun(folder);
  for (const warning of warnings) warn(warning);
  const files = runFileSizes(folder);
  const bytes = files['adapter.safetensors'];
  const matrices = storedMatrices(folder);
  const { settings, labels, pruning, command } = config;
  const task = taskOf(settings);
  const rows = [
    ['backbone', settings.model],
    ['data', dataTitle(settings)],
    ['task', task.name],
    ...(settings.maxTargetLength === undefined ? [] : [['texts', `up to ${settings.maxTargetLength} tokens`]]),
    ...(task === classification ? [['labels', labels?.join(', ') ?? 'numbers']] : []),
    ...runRows(config, metrics, bytes, matrices),
    ['steps', formatCount(metrics.steps)],
    ['learning rate', String(settings.learningRate)],
    ['epochs', String(settings.epochs)],
    ['batches', batchesTold(settings)],
    ['max length', String(settings.maxLength)],
    ...(settings.pooling ? [['pooling', settings.pooling]] : []),
    ['seed, backend', `${settings.seed}, ${settings.backend}`],
    ['command', commandText(command)],
    ...Object.entries(files).map(([name, size]) => [name, formatBytes(size)]),
  ];
  const layers = pruning ? [layerTable(pruning, matrices)] : [];
  const modules = byModule(storedCounts(folder), ownAdapter);
  return {
    document: { ...runDocument(folder, config, metrics, bytes, matrices), report, modules, files, warnings },
    tables: [{ rows }, { rows: moduleRows(modules, metrics.backbone_parameters), head: moduleHead }, ...layers],
  };
}

function stoppedRun(folder: string): Facts {
  const { settings, command, pruning, step } = readStoppedRun(folder);
  const files = runFileSizes(folder);
  const rows = [
    ['status', `stopped after step ${formatCount(step)}; continue with train --resume --output ${folder}`],
    ['backbone', settings.model],
    ['data', dataTitle(settings)],
    ['method', methodName(settings)],
    ['command', commandText(command)],
  ];
  return { document: { status: 'stopped', step, settings, command, pruning, files }, tables: [{ rows }] };
}

const batchesTold = ({ batchSize, batchTokens, groupByLength }: RunSettings): string =>
  `${batchTokens === undefined ? `${batchSize} examples` : `up to ${batchTokens} tokens`}, ${groupByLength ? 'grouped by length' : 'shuffled'}`;

function model(name: string, planned: Planned | null): Facts {
  const { model_type } = readModelConfig(resolveModelFolder(name));
  const { loaded, rows, document } = isEncoderDecoderType(model_type) ? encoderDecoder(name) : encoder(name);
  const { config, folder, ignored, initialized } = loaded;
  for (const warning of config.warnings) warn(warning);
  const { vocabSize } = tokenizerOf(loaded, warn);
  const [head, backbone] = [true, false].map((isHead) =>
    countSizes(loaded.model.parameters().filter((parameter) => isHeadParameter(parameter) === isHead)),
  );
  const { bytes } = memory();
  const adapter = planned && adapterFacts(loaded, planned, { head, backbone });
  const common = [
    ['parameters', formatCount(backbone)],
    ['vocabulary', `${formatCount(config.vocab_size)}, of which the tokenizer uses ${formatCount(vocabSize)}`],
    ['longest input', longestTold(config)],
    ['ignored', ignored.join(', ') || 'no tensor of the checkpoint'],
    ['backend', `${getBackend().name}, ${formatBytes(bytes)} in use`],
  ];
  return {
    document: {
      name,
      folder,
      ...config,
      ...document,
      parameters: backbone,
      longest_sequence: limitOf(config),
      tokenizer_vocabulary: vocabSize,
      ignored,
      initialized,
      backend: getBackend().name,
      memory_bytes: bytes,
      adapter: adapter?.document,
    },
    tables: [
      { rows: [['folder', folder], ['type', config.model_type], ...rows, ...common] },
      ...(adapter?.tables ?? []),
    ],
  };
}

/** The longest sequence that a model has positions for; null where positions are relative. */
const limitOf = (config: ModelConfig): number | null => {
  const longest = longestSequence(config);
  return Number.isFinite(longest) ? longest : null;
};

const longestTold = (config: ModelConfig): string => {
  const limit = limitOf(config);
  return limit === null ? 'no limit: positions are relative' : `${formatCount(limit)} tokens`;
};

/** A model, and the facts that only its kind has. */
interface Described {
  readonly loaded: Loaded<AdaptableModel>;
  readonly rows: string[][];
  readonly document?: object;
}

/** Returns the architecture that a checkpoint states, and the use of its head. */
const headRow = ({ stated: { architecture, kind } }: ModelConfig): string =>
  architecture === null ? headTitles[kind] : `${architecture}: ${headTitles[kind]}`;

/** The checkpoint with its own head for texts, or with a new one. */
function withOrWithoutHead(name: string): { loaded: Loaded<SequenceClassifier, EncoderConfig>; isOwn: boolean } {
  const random = new Random(defaultOf('seed'));
  try {
    return { loaded: loadClassifier(name, random), isOwn: true };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // A checkpoint that cannot be used for another reason fails again.
    const newHead = ({ labels }: EncoderConfig) => ({
      labels: labels && labels.length > 1 ? labels : null,
      head: 'new' as const,
    });
    return { loaded: loadClassifier(name, random, newHead), isOwn: false };
  }
}

function encoder(name: string): Described {
  const { loaded, isOwn } = withOrWithoutHead(name);
  const { config, model } = loaded;
  const names =
    config.labels && !isOwn && config.stated.kind !== 'none' ? [['its labels', config.labels.join(', ')]] : [];
  const rows = [
    ['layers', `${config.num_hidden_layers}, ${config.num_attention_heads} attention heads`],
    ['hidden', `${config.hidden_size}, feed-forward ${config.intermediate_size}, ${config.hidden_act}`],
    ['class', headRow(config)],
    ['own head', isOwn ? `${model.outputs.join(', ')} (${model.problem})` : 'none'],
    ...names,
  ];
  return { loaded, rows, document: { labels: isOwn ? model.outputs : null } };
}

/** A BART with the head that its checkpoint states. */
function encoderDecoderWithHead(name: string): Loaded<AdaptableModel, EncoderDecoderConfig> {
  const { stated } = parseModelConfig(readModelConfig(resolveModelFolder(name)));
  const recipes: Partial<Record<HeadKind, Recipe<AdaptableModel>>> = {
    'sequence-classification': anyClassifierRecipe(() => null),
    'question-answering': anyAnswererRecipe('checkpoint'),
  };
  const recipe = recipes[stated.kind]?.onBart ?? seq2SeqRecipe();
  return loadModel(recipe, name, new Random(defaultOf('seed')));
}

function encoderDecoder(name: string): Described {
  const loaded = encoderDecoderWithHead(name);
  const c = loaded.config;
  const side = (layers: number, heads: number, inner: number) =>
    `${layers} layers, ${heads} attention heads, feed-forward ${inner}`;
  const rows = [
    ['encoder', side(c.encoder_layers, c.encoder_attention_heads, c.encoder_ffn_dim)],
    ['decoder', side(c.decoder_layers, c.decoder_attention_heads, c.decoder_ffn_dim)],
    ['hidden', `${c.d_model}, ${c.activation_function}`],
    ['class', headRow(c)],
  ];
  return { loaded, rows };
}

/** Returns the parameter counts of a planned adapter on the model. */
function adapterFacts(
  { model }: Loaded<AdaptableModel>,
  planned: Planned,
  { head, backbone }: { readonly head: number; readonly backbone: number },
): Facts {
  const { adapter, trained, prunable, others, modules } = countParameters(model, planned);
  const counts = { adapter: trained, head };
  const rows = [
    ['adapter', adapterTitle(adapter)],
    ['weights', `${formatCount(prunable.total)} in matrices, ${formatCount(others)} in biases, norms and the like`],
    ...(planned.pruning === 'none' ? [] : [...sparsityRows(prunable), ...savingsRows(prunable)]),
    ...trainedRows(counts, backbone),
  ];
  return {
    document: {
      settings: adapter,
      trained_parameters: counts,
      backbone_parameters: backbone,
      prunable,
      sparse: planned.pruning === 'none' ? null : sparseSavings(prunable),
      others,
      modules,
    },
    tables: [{ rows }, { rows: moduleRows(modules, backbone), head: moduleHead }],
  };
}
