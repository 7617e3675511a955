import { type AdaptableModel, type Adapter, AdapterSet, freezeBackbone } from '../adapters/index.ts';
import { cutBatches } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { ActivationCache, isHeadParameter, type Loaded, longestSequence, type SharedWeights } from '../models/index.ts';
import type { Parameter } from '../nn/index.ts';
import { prunableIn, prune, pruningMethodOf } from '../pruning/index.ts';
import { Random } from '../random/index.ts';
import type { Tokenizer } from '../text/index.ts';
import { freezeBelow } from './frozen-below.ts';
import { sparsityFor } from './large-sparse.ts';
import { tokenizerOf } from './model-tokenizer.ts';
import type { AdapterPruneReport } from './records.ts';
import { withLabels } from './relabel.ts';
import { RunCache } from './run-cache.ts';
import { builtAdapter, type RunSettings, withAllOptions } from './settings.ts';
import type { Evaluation, LoadOptions, Task, TaskTypes } from './task.ts';
import { yieldToEvents } from './yield.ts';

/** A backbone with an adapter and a head, frozen where it is not trained. */
export interface AdaptedModel<Model extends AdaptableModel = AdaptableModel> extends Loaded<Model> {
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

/**
 * Loads the backbone, adds the task's head and attaches the adapter. Those that it mixes are not loaded.
 *
 * @param labels the classes, null where there are none
 * @param shared what other models of the process have too: weights, and the output of frozen layers, which is remembered there alone;
 *   and how the head is loaded: that of the checkpoint by default if it fits, and as the settings say
 * @throws InputError if the model folder is unusable, the adapter's settings are wrong, `maxLength` exceeds the model's positions, and
 *   as {@link freezeBelow}
 */
export function buildModel<T extends TaskTypes>(
  task: Task<T>,
  settings: RunSettings,
  labels: readonly string[] | null,
  random: Random,
  shared: Partial<Omit<LoadOptions, 'shared'>> & {
    readonly weights?: SharedWeights;
    readonly states?: ActivationCache;
  } = {},
): AdaptedModel<T['model']> {
  const { head = settings.ignoreMismatchedSizes === false ? 'checkpoint' : 'auto', pooler } = shared;
  const loaded = task.load(settings, labels, random.fork('head'), { shared: shared.weights, head, pooler });
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
  if (settings.dropoutBelow === false) {
    freezeBelow(loaded.model, loaded.folder, shared.states ?? new ActivationCache(0));
  }
  const warnings = [...loaded.warnings];
  const tokenizer = tokenizerOf(loaded, (warning) => warnings.push(warning));
  return {
    ...loaded,
    warnings,
    adapters,
    adapter,
    backbone,
    tokenizer,
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

export interface PreparedRun<T extends TaskTypes = TaskTypes> {
  readonly task: Task<T>;
  /** The generator that everything random of the run derives from. */
  readonly random: Random;
  readonly adapted: AdaptedModel<T['model']>;
  readonly items: readonly T['item'][];
  /** Null: no evaluation. */
  readonly evaluation: Evaluation<T['model']> | null;
  /** Null where there are no classes. */
  readonly labels: readonly string[] | null;
  readonly metrics: readonly string[];
}

/** What determines the examples of a run: those of the WordNet task are drawn anew for each seed. */
const sourceOf = ({ data, seed }: Pick<RunSettings, 'data' | 'seed'>): unknown[] =>
  data.kind === 'wordnet' ? [data, seed] : [data];

/**
 * Reads the data of a run, unless the cache has them.
 *
 * @returns `evaluation` is null if the settings name none
 * @throws InputError as the methods of the task
 */
export function readRunData<T extends TaskTypes>(
  task: Task<T>,
  settings: Pick<RunSettings, 'data' | 'seed'>,
  cache: RunCache,
): Promise<{ readonly train: T['dataset']; readonly evaluation: T['dataset'] | null }> {
  const { data } = settings;
  const random = runRandom(settings);
  return cache.memo(['data', ...sourceOf(settings)], async () => {
    const train = await task.readTraining(data, random);
    return { train, evaluation: await task.readEvaluation(data, train.labels, random) };
  });
}

/**
 * Reads the data and builds the model of a run.
 *
 * @param cache what it shares with other runs; by default nothing
 * @throws InputError for bad input
 */
export async function prepareRun<T extends TaskTypes>(
  task: Task<T>,
  settings: RunSettings,
  { onWarning, onLoaded }: PrepareEvents = {},
  cache?: RunCache,
): Promise<PreparedRun<T>> {
  const random = runRandom(settings);
  const { model, maxLength, seed } = settings;
  const source = sourceOf(settings);
  const known = cache ?? new RunCache();
  const read = await readRunData(task, settings, known);
  for (const warning of [...read.train.warnings, ...(read.evaluation?.warnings ?? [])]) onWarning?.(warning);
  const own = read.train.labels;
  const adapted = buildModel(task, settings, own, random, { weights: cache?.weights, states: known.states });
  for (const warning of adapted.warnings) onWarning?.(warning);
  onLoaded?.(adapted);
  const { tokenizer } = adapted;
  // A checkpoint's head has its classes in an order of its own.
  const labels = task.labelsOf?.(adapted.model) ?? null;
  const train = withLabels(read.train, labels);
  const evaluation = read.evaluation && withLabels(read.evaluation, labels);
  return {
    task,
    random,
    adapted,
    items: known.memo(['items', model, maxLength, labels, ...source], () => task.encode(train, tokenizer, settings)),
    // Where texts are written they may be sampled: then the seed is a part of how a model is judged.
    evaluation:
      evaluation &&
      known.memo(
        ['evaluation', model, maxLength, labels, ...(settings.data.kind === 'pairs' ? [seed] : []), ...source],
        () => task.evaluation(evaluation, tokenizer, settings),
      ),
    labels: train.labels,
    metrics: (evaluation ?? train).metrics,
  };
}

export interface PruneAdapterOptions {
  /** Told how many passes over a batch are done, and how many there are; not called by methods that need no data. */
  readonly onBatch?: (done: number, total: number) => void;
  /** When it is aborted its reason is thrown before the next batch, and nothing is pruned. */
  readonly signal?: AbortSignal;
  /** Told in one line of matrices that are left without a weight. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Prunes the adapter as the settings say, on a seeded sample of the training examples, without dropout.
 *
 * @throws InputError as `prune` and `prunableIn`, and if a Large-Sparse setting cannot keep as many weights as it should
 */
export async function pruneAdapter(
  { task, adapted: { model, adapter, adapters }, items, random }: PreparedRun,
  settings: RunSettings,
  { onBatch, signal, onWarning }: PruneAdapterOptions = {},
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
    onWarning,
    parameters,
    chains: adapter.chains,
    random: random.fork('pruning'),
    losses: cutBatches(sample, { size, lengthOf: (item) => task.tokenCount(item) }).map(
      (batch) => (temperature) => task.loss(model, batch, undefined, temperature),
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
export const runRandom = (settings: Pick<RunSettings, 'seed'>): Random => new Random(settings.seed);
