import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { AdapterSettings } from '../adapters/index.ts';
import { readFloats } from '../backends/stored.ts';
import { InputError } from '../errors.ts';
import {
  assignStored,
  changedHeadModules,
  checkOutputLayer,
  checkShapes,
  readAdapterFolder,
  type StoredAdapter,
  type Weight,
} from '../interchange/index.ts';
import {
  hasTokenizer,
  openCheckpoint,
  readJsonObject,
  readModelConfig,
  resolveModelFolder,
  TensorSource,
} from '../io/index.ts';
import { localModelFolder } from '../io/model-folder.ts';
import { isHeadName } from '../models/heads.ts';
import {
  encoderNames,
  headTitles,
  isEncoderDecoder,
  isEncoderDecoderType,
  isHeadParameter,
  isPoolerWeight,
  isTokenTable,
  type ModelConfig,
  type Pooling,
  parseModelConfig,
  seq2SeqNames,
} from '../models/index.ts';
import { areDefaultLabels } from '../models/labels.ts';
import type { PruneReport } from '../pruning/index.ts';
import type { EvaluationReport } from '../report/index.ts';
import { parseWith } from '../settings/index.ts';
import { chosenSettings } from './choices.ts';
import { defaultMaxLength } from './default-length.ts';
import { fileFingerprint } from './fingerprint.ts';
import {
  type CreateModel,
  type LoadPartsOptions,
  loadParts,
  ownAdapter,
  type SharedParts,
  type TaskModel,
} from './model.ts';
import { unpruned } from './pruning-choice.ts';
import { type Origin, originFile, type RunConfig, type RunMetrics } from './records.ts';
import { untrainedMetrics } from './run-folder.ts';
import { located } from './settings.ts';
import type { FusedAdapter, RunSettings } from './settings-table.ts';
import { classification, taskOf, textGeneration, tokenClassification } from './tasks/index.ts';

/** Lies beside the files of another library and holds what they have no place for; no other library reads it. */
export const ORIGIN = 'sparse-adapter-run.json';

/** Options for facts that a folder of another library may lack. */
export interface ExternalOptions {
  /** The backbone: a model folder or an installed package. */
  readonly model?: string;
  /** Class names in the order of the head's outputs. */
  readonly labels?: readonly string[];
  /** Default `cls`. */
  readonly pooling?: Pooling;
  /** Tokens per example; by default 512, or less if the model takes less. */
  readonly maxLength?: number;
}

/** Options of a model that is only used, beside others of its backbone. */
export interface SharingOptions {
  /** What it has in common with them. */
  readonly shared?: SharedParts;
}

/** An adapter with its backbone and head, wherever it came from. */
export interface OpenedAdapter {
  /** Configuration and metrics of the run that it comes from. */
  readonly config: Omit<RunConfig, 'format_version'>;
  readonly metrics: RunMetrics;
  /** Of a run that was evaluated. */
  readonly report?: EvaluationReport | null;
  readonly model: TaskModel;
  readonly warnings: readonly string[];
}

/**
 * Loads an adapter from the folder of another library: as the run that it comes from, if that left its facts there, else as one of
 * unknown data.
 *
 * @throws InputError if the folder lacks something that the options do not give
 */
export function openExternal(
  folder: string,
  { shared, ...options }: ExternalOptions & SharingOptions,
  create: CreateModel,
): OpenedAdapter {
  const stored = readAdapterFolder(folder);
  const origin = readOrigin(folder);
  const kind = taskKind(stored, origin, options);
  const settings = settingsOf(stored, origin, options, kind);
  const { labels, warnings } = labelsOf(stored, origin, options, settings);
  const { vocabularySize: rows } = settings;
  const tokenizerFolder = rows !== undefined && hasTokenizer(folder) ? folder : undefined;
  const model = builtModel(settings, labels, stored, create, { tokenizerFolder, ...shared });
  const told = [...stored.warnings, ...warnings, ...addedLines(folder, settings, tokenizerFolder)];
  checkOutputLayer(stored, (name) => storedValues(model, name));
  const random = changedHeadModules(stored.weights).find((module) =>
    model.initialized.some((name) => `.${name}`.endsWith(`.${module}.weight`)),
  );
  if (random !== undefined) {
    throw new InputError(
      `${folder} has LoRA on ${random}, which the backbone lacks, so that the weights it changes are in no file; save the head with the adapter (modules_to_save).`,
    );
  }
  for (const [name, mixed] of stored.mixed) {
    assignStored(model.network, model.adapters.get(name), mixed, { head: false });
  }
  if (!assignStored(model.network, model.adapter, stored) && model.network.parameters().some(isNewHead)) {
    throw new InputError(
      `${folder} has no task head, and neither has the backbone (${model.config.model_type}); save it with the adapter (AdapterHub: with_head, PEFT: modules_to_save).`,
    );
  }
  const untold = { metrics: untrainedMetrics(model), pruning: reportOf(model) };
  if (!origin) {
    const config = { settings, labels, metrics: [], command: [], versions: {}, pruning: untold.pruning };
    return { model, config, metrics: untold.metrics, warnings: told };
  }
  const { config, metrics } = origin;
  const changed = changedFile(folder, origin);
  if (changed === undefined) {
    return { model, config: { ...config, settings }, metrics, warnings: told };
  }
  const line = `${join(folder, changed)} does not hold the weights that ${ORIGIN} tells of, so its metrics and its sparsity are left out; evaluate it anew.`;
  const kept = sameCounts(config.pruning, untold.pruning) ? settings : unpruned(settings);
  return {
    model,
    config: { ...config, settings: kept, pruning: untold.pruning },
    metrics: untold.metrics,
    warnings: [...told, line],
  };
}

/** The numbers of a parameter of an encoder-decoder in its checkpoint; undefined if they are not there. */
function storedValues(
  { folder, config }: Pick<TaskModel, 'folder' | 'config'>,
  name: string,
): Float32Array | undefined {
  const names = isEncoderDecoder(config) ? seq2SeqNames(config) : encoderNames(config);
  const checkpoint = openCheckpoint(folder);
  try {
    const source = new TensorSource(checkpoint, names);
    const shape = source.shapeOf(name);
    return shape && readFloats(source.take(name, shape));
  } finally {
    checkpoint.close();
  }
}

const sameCounts = (one: PruneReport | null, other: PruneReport | null): boolean =>
  one?.kept === other?.kept && one?.total === other?.total;

/** The first file whose tensors are not those that were written with the origin; undefined also where it does not say. */
function changedFile(folder: string, { fingerprints = {} }: Origin): string | undefined {
  return Object.entries(fingerprints).find(([name, told]) => fileFingerprint(join(folder, name)) !== told)?.[0];
}

/** The model of the task that the data are for. */
export function builtModel(
  settings: RunSettings,
  labels: readonly string[] | null,
  stored: StoredAdapter,
  create: CreateModel,
  places: Pick<LoadPartsOptions, 'tokenizerFolder'> & SharedParts = {},
): TaskModel {
  const task = taskOf(settings);
  const own = stored.weights.some(isStoredHead) || task === textGeneration ? 'new' : 'auto';
  const pooler = stored.weights.some(({ name }) => isPoolerWeight(name)) ? 'head' : 'backbone';
  const model = create(loadParts(task, settings, labels, { head: own, pooler, ...places }));
  model.addAdapter(settings.adapter, settings.fused, {
    isLoaded: true,
    check: (parameters) => checkShapes(model.network, ownAdapter, parameters, stored),
  });
  return model;
}

/** LoRA on a head is a change of the backbone's. */
const isStoredHead = ({ name }: Weight): boolean => isHeadName(name) && !/\blora_/.test(name);

/** The task that an adapter is for, by its origin, by what the files say, or by its weights. @throws InputError if there is no such task here */
function taskKind(stored: StoredAdapter, origin: Origin | null, options: ExternalOptions): string {
  const { label, stated, weights, backbone } = stored;
  if (origin) return taskOf(origin.config.settings).name;
  const has = (pattern: RegExp) => weights.some(({ name }) => pattern.test(name));
  const isOfBart = isEncoderDecoderType(backbone.modelType) || has(/(^|\.)(encoder|decoder)\.layers\.\d+\./);
  if (isOfBart && stated.kind === 'none') {
    throw new InputError(
      `${label}: ${stated.by} on an encoder-decoder is not supported: there is no task here for vectors of that model.`,
    );
  }
  const isOpen = stated.kind === 'unstated' || stated.kind === 'none' || stated.kind === 'adapterhub';
  if (stated.kind === 'text-generation' || (isOpen && isOfBart && !has(/^classif|^qa_/))) return 'text2text-generation';
  const isOnBart = ['sequence-classification', 'question-answering'].includes(stated.kind);
  if (isOfBart && !isOpen && !isOnBart) {
    throw new InputError(
      `${label}: ${stated.by} on an encoder-decoder is not supported: there is no task here for ${headTitles[stated.kind]} of that model.`,
    );
  }
  if (stated.kind === 'question-answering' || (isOpen && has(/^qa_outputs\./))) return 'question-answering';
  if (stated.kind === 'token-classification') return 'token-classification';
  if (stated.kind === 'none' && !has(/^classif/)) return 'feature-extraction';
  if (stated.kind === 'multiple-choice') return 'multiple-choice';
  if (stated.kind === 'adapterhub' && !has(/^classif/) && isHeadless(stored, options)) return 'feature-extraction';
  if (stated.kind === 'sequence-classification' || isOpen) return 'text-classification';
  throw new InputError(
    `${label}: ${stated.by} is not supported, as there is no task here for ${headTitles[stated.kind]}.`,
  );
}

const isNewHead = (parameter: Parameters<typeof isHeadParameter>[0]): boolean =>
  isHeadParameter(parameter) && parameter.isNew;

function readOrigin(folder: string): Origin | null {
  const path = join(folder, ORIGIN);
  if (!existsSync(path)) return null;
  return parseWith(originFile, readJsonObject(path), path, 'Delete the file to read the adapter without it.');
}

/** The settings of the run, if they are still those of the files, which may have been trained further elsewhere. */
function adapterSettings(stored: AdapterSettings, own: AdapterSettings | undefined): AdapterSettings {
  // Not every format stores the initialisation and the first position, and LoRA's target modules can be written in several ways.
  const compared = ({
    init: _,
    targetModules: __,
    prefixShiftsPositions: ___,
    leaveOut,
    prefixBottleneck,
    ...settings
  }: AdapterSettings) => ({
    ...settings,
    // A flat prefix has no network.
    prefixBottleneck: settings.prefixFlat ? undefined : prefixBottleneck,
    leaveOut: settings.kind === 'lora' ? undefined : leaveOut,
  });
  return own && isDeepStrictEqual(compared(own), compared(stored)) ? own : stored;
}

function settingsOf(stored: StoredAdapter, origin: Origin | null, options: ExternalOptions, task: string): RunSettings {
  const run = origin?.config.settings;
  const model = options.model ?? run?.model ?? backboneName(stored);
  if (model === undefined) {
    throw new InputError(`${stored.label} does not name its backbone; give it with --model (model).`);
  }
  const { maxLength = run?.maxLength ?? maxLengthFor(stored, model, task) } = options;
  const { pooling = run?.pooling } = task === 'text-classification' || task === 'feature-extraction' ? options : {};
  const adapter = adapterSettings(stored.settings, run?.adapter);
  const fused = Array.from(stored.mixed, ([name, mixed]): FusedAdapter => {
    const known = run?.fused?.find((other) => other.name === name);
    return { name, run: known?.run ?? mixed.label, settings: adapterSettings(mixed.settings, known?.settings) };
  });
  const { layeredHead } = stored;
  const own = {
    ...{ model, adapter, maxLength },
    ...(fused.length > 0 && { fused }),
    ...(pooling && { pooling }),
    ...(layeredHead && { layeredHead }),
    ...moreTokens(stored, model),
  };
  // A head of layers that equals one of transformers is read as that.
  if (run) return { ...withoutLayers(run), ...own };
  const isOfLabels = task === 'text-classification' && (stored.isMultiLabel ?? isMultiLabel(backboneConfig(model)));
  const problem = isOfLabels ? ({ problemType: 'multi_label_classification' } as const) : {};
  return located(chosenSettings({ ...own, ...problem, task, pruning: 'none' }, { isTrained: false }));
}

const withoutLayers = ({ layeredHead: _, ...run }: RunSettings): RunSettings => run;

/** Returns the rows of a folder's table of tokens, where those are more than the backbone has. */
function moreTokens({ weights }: StoredAdapter, model: string): Pick<RunSettings, 'vocabularySize'> {
  const [rows = 0] = weights.find(({ name }) => isTokenTable(name))?.shape ?? [];
  return rows > 0 && rows > backboneConfig(model).vocab_size ? { vocabularySize: rows } : {};
}

/** The line on tokens that the backbone does not have. */
function addedLines(
  folder: string,
  { model, vocabularySize }: RunSettings,
  tokenizerFolder: string | undefined,
): string[] {
  if (vocabularySize === undefined) return [];
  const known = tokenizerFolder === undefined ? `the tokenizer stays that of ${model}` : 'so is the tokenizer';
  return [
    `${folder}: its table of tokens has ${vocabularySize} rows, more than the backbone's, and replaces it; ${known}.`,
  ];
}

/** The name of the backbone, of a hub with its revision. */
function backboneName({ backbone: { name, revision = 'main' } }: StoredAdapter): string | undefined {
  if (name === undefined || revision === 'main' || name.includes('@') || localModelFolder(name)) return name;
  return `${name}@${revision}`;
}

const maxLengthFor = (stored: StoredAdapter, model: string, task: string): number =>
  ofBackbone(stored, model, () => defaultMaxLength(model, taskOf({ task })));

/** Returns what is read of the backbone; an error in it says where that is given. */
function ofBackbone<T>({ label }: StoredAdapter, model: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(
      `${label} is for the backbone ${model}: ${error.message} Give its place with --model (model).`,
    );
  }
}

/** Returns whether the backbone has no head either, so that a flexible model without one gives embeddings. */
function isHeadless(stored: StoredAdapter, { model = backboneName(stored) }: ExternalOptions): boolean {
  if (model === undefined) return false;
  const checkpoint = ofBackbone(stored, model, () => openCheckpoint(resolveModelFolder(model)));
  try {
    return !checkpoint.names().some(isHeadName);
  } finally {
    checkpoint.close();
  }
}

/** Returns the class names, and a warning if they are not stored. */
function labelsOf(
  stored: StoredAdapter,
  origin: Origin | null,
  options: ExternalOptions,
  settings: RunSettings,
): { labels: readonly string[] | null; warnings: string[] } {
  const task = taskOf(settings);
  const isTokens = task === tokenClassification;
  if (task !== classification && !isTokens) return { labels: null, warnings: [] };
  const last = stored.weights.find(
    ({ name }) => name === lastLayer(stored) || /(^|\.)(classifier|classification_head)\.(out_proj\.)?bias$/.test(name),
  );
  const backbone = backboneConfig(settings.model);
  const isSeveral = stored.isMultiLabel ?? isMultiLabel(backbone);
  if (!origin && !isTokens) checkOutputs(stored, backbone, last?.shape[0] ?? backbone.labels?.length ?? 1);
  const own = backbone.labels;
  if (options.labels && !origin) checkGiven(stored, options.labels, own, last?.shape[0]);
  const known = options.labels ?? (origin ? origin.config.labels : stored.labels);
  if (known !== undefined) return { labels: known, warnings: [] };
  if (!last) return { labels: own && (own.length > 1 || isSeveral) ? own : null, warnings: [] };
  const [count] = last.shape;
  if (count === 1 && !isTokens && !isSeveral) return { labels: null, warnings: [] };
  if (own?.length === count && own.some((label, i) => label !== `LABEL_${i}`)) {
    const line = `${stored.label} does not name its classes: they are those of the backbone's config.json, ${own.join(', ')}; name others with --labels (labels).`;
    return { labels: own, warnings: [line] };
  }
  const labels = Array.from({ length: count }, (_, i) => `LABEL_${i}`);
  return {
    labels,
    warnings: [
      `${stored.label} does not name its classes: they are ${labels.join(', ')}; name them with --labels (labels).`,
    ],
  };
}

/** The matrix of the last layer of a layered head. */
const lastLayer = ({ layeredHead }: StoredAdapter): string | undefined =>
  layeredHead && `classifier.${layeredHead.layers - 1}.weight`;

/**
 * Checks class names that were given: they are for a folder and a backbone that name none.
 *
 * @param own those of the backbone
 * @param count of the outputs of the head, if the folder has one
 * @throws InputError for other names than theirs, or another number
 */
function checkGiven(
  { label, labels }: StoredAdapter,
  given: readonly string[],
  own: readonly string[] | null,
  count: number | undefined,
): void {
  if (count !== undefined && given.length !== count) {
    throw new InputError(
      `${label}: --labels (labels) names ${given.length} classes, its head has ${count} ${count === 1 ? 'output' : 'outputs'}; name as many.`,
    );
  }
  const isSilent = (names: readonly string[] | null | undefined): boolean =>
    !names || names.length !== given.length || areDefaultLabels(names) || names.every((name, i) => name === String(i));
  const [by, known] = isSilent(labels) ? ["the backbone's config.json", own] : ['its head', labels];
  if (isSilent(known) || String(known) === String(given)) return;
  throw new InputError(
    `${label}: ${by} names the classes ${known?.join(', ')}, --labels (labels) names ${given.join(', ')}; leave the option out.`,
  );
}

/** Reads the configuration of the backbone. */
function backboneConfig(model: string): ModelConfig {
  const folder = resolveModelFolder(model);
  return parseModelConfig(readModelConfig(folder), join(folder, 'config.json'));
}

/** Whether the configuration of the backbone, the only place where PEFT and AdapterHub store it, says that several labels can hold. */
const isMultiLabel = (backbone: ModelConfig): boolean => backbone.problem_type === 'multi_label_classification';

/** @throws InputError for several numbers, which no run has */
function checkOutputs({ label }: StoredAdapter, backbone: ModelConfig, count: number): void {
  const problem = backbone.problem_type;
  if (problem !== 'regression' || count === 1) return;
  throw new InputError(
    `${label}: the config.json of its backbone says problem_type ${problem}, so its head gives ${count} numbers; adapters for that are not supported, merge it into the checkpoint in Python.`,
  );
}

/** What the adapter of a model keeps; null if it is not pruned. */
export function reportOf({ adapter }: TaskModel): PruneReport | null {
  if (!adapter.prunable.some(({ isPruned }) => isPruned)) return null;
  const layers = adapter.prunable.map((parameter) => ({
    name: parameter.name,
    total: parameter.size,
    kept: parameter.keptCount(),
  }));
  const sum = (key: 'total' | 'kept') => layers.reduce((total, layer) => total + layer[key], 0);
  return { total: sum('total'), kept: sum('kept'), layers };
}
