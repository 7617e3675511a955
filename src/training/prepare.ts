import { type Adapter, AdapterSet, freezeBackbone, prunableIn } from '../adapters/index.ts';
import {
  cutBatches,
  type Dataset,
  type EncodedExample,
  encodeExamples,
  readGlue,
  readTable,
  readWordnetFields,
  tokenCount,
} from '../data/index.ts';
import { InputError } from '../errors.ts';
import type { MetricName } from '../metrics/index.ts';
import {
  type EncoderConfig,
  isHeadParameter,
  type Loaded,
  loadClassifier,
  longestSequence,
  type SequenceClassifier,
  type SharedWeights,
} from '../models/index.ts';
import type { Parameter } from '../nn/index.ts';
import { type PruneReport, prune, pruningMethodOf } from '../pruning/index.ts';
import { Random } from '../random/index.ts';
import { loadTokenizer, type Tokenizer } from '../text/index.ts';
import { classificationLoss } from './classification.ts';
import { sparsityFor } from './large-sparse.ts';
import { RunCache } from './run-cache.ts';
import { builtAdapter, type DataSettings, type RunSettings, withAllOptions } from './settings.ts';
import { yieldToEvents } from './yield.ts';

const wordnetFields = (data: DataSettings & { kind: 'wordnet' }, random: Random) =>
  readWordnetFields({ ...data, random: random.fork('wordnet') });

/** Reads the training data. @throws InputError if a file, a column or a label is not as promised */
export function readTrainingData(data: DataSettings, random: Random): Dataset {
  switch (data.kind) {
    case 'glue':
      return readGlue(data.task, data.folder, 'train');
    case 'wordnet':
      return wordnetFields(data, random).train;
    case 'table':
      return readTable(data.train, { text: data.text, label: data.label, kind: data.labelKind });
    case 'unknown':
      throw new InputError('The adapter was trained elsewhere: its training data are not known.');
  }
}

/**
 * Reads the evaluation data of a model with these classes (null: regression); null if the settings name none.
 *
 * @throws InputError as {@link readTrainingData}, and for a class that is not among `labels`
 */
export function readEvaluationData(
  data: DataSettings,
  labels: readonly string[] | null,
  random: Random,
): Dataset | null {
  switch (data.kind) {
    case 'glue':
      return readGlue(data.task, data.folder, 'dev');
    case 'wordnet':
      return wordnetFields(data, random).evaluation;
    case 'table':
      if (data.eval === null) return null;
      return readTable(data.eval, {
        text: data.text,
        label: data.label,
        labels: labels ?? undefined,
        kind: labels ? 'classification' : 'regression',
      });
    case 'unknown':
      return null;
  }
}

/** A backbone with an adapter and a head, frozen where it is not trained. */
export interface AdaptedModel extends Loaded<SequenceClassifier> {
  /** The adapters of the model; that of the settings is active. */
  readonly adapters: AdapterSet;
  readonly adapter: Adapter;
  /** The pretrained parameters. */
  readonly backbone: readonly Parameter[];
  readonly tokenizer: Tokenizer;
  /** The adapter and, unless it is frozen, the head. */
  readonly trained: readonly Parameter[];
  /** What a saved run must hold: the adapter and the head, trained or not. */
  readonly saved: readonly Parameter[];
}

/** The name of the adapter that a run trains. */
export const ownAdapter = 'default';

/** The tokenizer of a model folder. @throws InputError if it knows tokens that the model does not */
export function tokenizerOf({
  folder,
  config,
}: {
  readonly folder: string;
  readonly config: EncoderConfig;
}): Tokenizer {
  const tokenizer = loadTokenizer(folder);
  if (tokenizer.vocabSize > config.vocab_size) {
    throw new InputError(
      `${folder}: the tokenizer has ${tokenizer.vocabSize} tokens, the model ${config.vocab_size}; use the tokenizer that belongs to these weights.`,
    );
  }
  return tokenizer;
}

/**
 * Loads the backbone, adds a head for `labels` (null: regression) and attaches the adapter. Those that it mixes are not loaded.
 *
 * @param shared weights that other models of the process have too
 * @throws InputError if the model folder is unusable, the adapter's settings are wrong, or `maxLength` exceeds the model's positions
 */
export function buildModel(
  settings: RunSettings,
  labels: readonly string[] | null,
  random: Random,
  shared?: SharedWeights,
): AdaptedModel {
  const head = () => ({ labels, pooling: settings.pooling });
  const loaded = loadClassifier(settings.model, random.fork('head'), head, shared);
  const longest = longestSequence(loaded.config);
  if (settings.maxLength > longest) {
    throw new InputError(
      `max length ${settings.maxLength} exceeds the ${longest} positions of ${settings.model}; lower it.`,
    );
  }
  const backbone = loaded.model.parameters().filter((parameter) => !isHeadParameter(parameter));
  const adapters = new AdapterSet(loaded.model);
  for (const { name, settings: own } of settings.fused ?? []) adapters.add(name, own);
  const adapter = adapters.add(ownAdapter, builtAdapter(settings));
  adapters.activate(adapter.name);
  const isTrained = (parameter: Parameter) => settings.trainHead && isHeadParameter(parameter);
  freezeBackbone(loaded.model, adapter, isTrained);
  return {
    ...loaded,
    adapters,
    adapter,
    backbone,
    tokenizer: tokenizerOf(loaded),
    trained: loaded.model.parameters().filter(({ trainable }) => trainable),
    saved: [...adapters.parameters(), ...loaded.model.parameters().filter(isHeadParameter)],
  };
}

/** What a command shows while a run is prepared. */
export interface PrepareEvents {
  readonly onWarning?: (message: string) => void;
  readonly onLoaded?: (model: AdaptedModel) => void;
  /** Told how many passes over a pruning batch are done. */
  readonly onPruning?: (done: number, total: number) => void;
}

export interface PreparedRun {
  /** The generator that everything random of the run derives from. */
  readonly random: Random;
  readonly adapted: AdaptedModel;
  readonly items: readonly EncodedExample[];
  /** Null: no evaluation. */
  readonly evalItems: readonly EncodedExample[] | null;
  readonly metrics: readonly MetricName[];
}

/**
 * Reads the data and builds the model of a run.
 *
 * @param cache what it shares with other runs; by default nothing
 * @throws InputError for bad input
 */
export function prepareRun(
  settings: RunSettings,
  { onWarning, onLoaded }: PrepareEvents = {},
  cache?: RunCache,
): PreparedRun {
  const random = runRandom(settings);
  const { data, model, maxLength } = settings;
  // The examples of the WordNet task are drawn anew for each seed.
  const source = data.kind === 'wordnet' ? [data, settings.seed] : [data];
  const examplesOf = cache ?? new RunCache();
  const { train, evaluation } = examplesOf.memo(['data', ...source], () => {
    const examples = readTrainingData(data, random);
    return { train: examples, evaluation: readEvaluationData(data, examples.labels, random) };
  });
  for (const warning of [...train.warnings, ...(evaluation?.warnings ?? [])]) onWarning?.(warning);
  const adapted = buildModel(settings, train.labels, random, cache?.weights);
  onLoaded?.(adapted);
  const encode = (split: string, { examples }: Dataset) =>
    examplesOf.memo(['tokens', split, model, maxLength, ...source], () =>
      encodeExamples(examples, adapted.tokenizer, maxLength),
    );
  return {
    random,
    adapted,
    items: encode('train', train),
    evalItems: evaluation && encode('evaluation', evaluation),
    metrics: (evaluation ?? train).metrics,
  };
}

export interface PruneAdapterOptions {
  /** Told how many passes over a batch are done, and how many there are; not called by methods that need no data. */
  readonly onBatch?: (done: number, total: number) => void;
  /** When it is aborted its reason is thrown before the next batch, and nothing is pruned. */
  readonly signal?: AbortSignal;
}

/** What pruning came to; with Large-Sparse also how many weights the narrow, dense adapter has. */
export interface AdapterPruneReport extends PruneReport {
  readonly dense?: number;
}

/**
 * Prunes the adapter as the settings say, on a seeded sample of the training examples, without dropout.
 *
 * @throws InputError as `prune` and `prunableIn`, and if a Large-Sparse setting cannot keep as many weights as it should
 */
export async function pruneAdapter(
  { adapted: { model, adapter, adapters }, items, random }: PreparedRun,
  settings: RunSettings,
  { onBatch, signal }: PruneAdapterOptions = {},
): Promise<AdapterPruneReport | null> {
  const { pruning, training, adapter: narrow } = withAllOptions(settings);
  if (!pruning) return null;
  const { method, scope, iterations, options } = pruning;
  const parameters = prunableIn(adapter, pruning.prunable);
  const { sparsity, ...twin } = sparsityFor(adapters, adapter, parameters, { adapter: narrow, pruning });
  const { data } = pruningMethodOf(method);
  const sample = random.fork('pruning sample').sample(items, data ? Math.min(pruning.examples, items.length) : 0);
  const size = data === 'examples' ? 1 : training.batchSize;
  const report = await prune({
    method,
    sparsity,
    scope,
    iterations,
    options,
    parameters,
    chains: adapter.chains,
    random: random.fork('pruning'),
    losses: cutBatches(sample, { size, lengthOf: tokenCount }).map(
      (batch) => (temperature) => classificationLoss(model, batch, undefined, temperature),
    ),
    onBatch: async (done, total) => {
      onBatch?.(done, total);
      await yieldToEvents();
      signal?.throwIfAborted();
    },
  });
  return { ...report, ...twin };
}

/** The generator that everything random of a run derives from. */
export const runRandom = (settings: RunSettings): Random => new Random(settings.seed);
