/// <reference lib="esnext.disposable" preserve="true" />
import { isDeepStrictEqual } from 'node:util';
import {
  type Adapter,
  AdapterSet,
  type AdapterSettings,
  type AdapterUse,
  adapterTitle,
  completeSettings,
  freezeBackbone,
} from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import {
  ActivationCache,
  type CommonWeights,
  isHeadParameter,
  type Loaded,
  loadModel,
  longestSequence,
  type ModelConfig,
  recipeFor,
} from '../models/index.ts';
import type { Parameter } from '../nn/index.ts';
import { Random } from '../random/index.ts';
import { type GivenOf, shown } from '../settings/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Tokenizer } from '../text/index.ts';
import { backboneDtypeOf, backboneWarnings, checkBackbone, holdModel } from './backbone-dtype.ts';
import type { Batch } from './batch-plan.ts';
import { evaluationSettings } from './evaluation-settings.ts';
import { freezeBelow } from './frozen-below.ts';
import { builtAdapter } from './large-sparse.ts';
import { lossOptionsOf, lossSettings } from './loss-settings.ts';
import { tokenizerOf } from './model-tokenizer.ts';
import { type PruneModelOptions, pruneModel } from './prune-model.ts';
import { unpruned } from './pruning-choice.ts';
import type { AdapterPruneReport } from './records.ts';
import type { FusedAdapter, RunSettings } from './settings-table.ts';
import { type LossOptions, objectiveOf, type RecipeOptions, type Task, type TaskTypes } from './task.ts';
import { Trainable } from './trainable.ts';
import type { Objective } from './trainer.ts';
import { type TrainingOptions, trainerSettings } from './training-settings.ts';

/** The name of the adapter that a run trains. */
export const ownAdapter = 'default';

/** Parts that a model is built from. */
export interface ModelParts<T extends TaskTypes> {
  readonly task: Task<T>;
  readonly settings: RunSettings;
  readonly loaded: Loaded<T['model']>;
  readonly tokenizer: Tokenizer;
  /** The folder that it comes from. Default: that of the model */
  readonly tokenizerFolder?: string;
  /** Cache of the outputs of frozen layers. */
  readonly activations: ActivationCache;
  /** Whether the backbone is held as the settings say already. Default false */
  readonly isHeld?: boolean;
}

/** What models of one backbone have in common. */
export interface SharedParts {
  readonly weights?: CommonWeights;
  /**
   * Gives the tokenizer of a folder.
   *
   * @param read reads it
   */
  readonly tokenizer?: (folder: string, read: () => Tokenizer) => Tokenizer;
}

/** Caches shared by the models of one process, and the choice of the head. Default: the checkpoint's if it fits. */
export interface LoadPartsOptions extends Partial<RecipeOptions>, SharedParts {
  /** Hold the frozen backbone as the settings say from the beginning: nothing is scored with it or merged into it before. Default false */
  readonly holds?: boolean;
  readonly activations?: ActivationCache;
  /** The folder of the tokenizer. Default: that of the model */
  readonly tokenizerFolder?: string;
}

/**
 * Loads the backbone with the head of a task, and the tokenizer.
 *
 * @param labels the classes, null where there are none; undefined for those of the checkpoint's own head
 * @throws InputError if the model folder is unusable, and if `maxLength` exceeds the model's positions
 */
export function loadParts<T extends TaskTypes>(
  task: Task<T>,
  settings: RunSettings,
  labels: readonly string[] | null | undefined,
  options: LoadPartsOptions = {},
): ModelParts<T> {
  const { head = settings.ignoreMismatchedSizes === false ? 'checkpoint' : 'auto', pooler } = options;
  const dtype = backboneDtypeOf(settings);
  checkBackbone(dtype);
  const random = new Random(settings.seed).fork('head');
  const recipe = recipeFor(task.recipe(settings, labels, { head, pooler }), settings.model);
  const { weights } = options;
  const isHeld = options.holds === true && dtype !== 'float32' && (!weights || weights.backboneDtype === dtype);
  const { vocabularySize } = settings;
  const held = { vocabularySize, backboneDtype: isHeld && !weights ? dtype : undefined };
  const loaded = loadModel(recipe, settings.model, random, weights, held);
  const { tokenizerFolder = loaded.folder } = options;
  const longest = longestSequence(loaded.config);
  if (settings.maxLength > longest) {
    throw new InputError(
      `max length ${settings.maxLength} exceeds the ${longest} positions of ${settings.model}; lower it.`,
    );
  }
  const warnings = [...loaded.warnings, ...backboneWarnings(dtype)];
  const read = () =>
    tokenizerOf({ folder: tokenizerFolder, config: loaded.config }, (warning) => warnings.push(warning), {
      source: settings.sourceLang,
      target: settings.targetLang,
    });
  const tokenizer = options.tokenizer?.(tokenizerFolder, read) ?? read();
  const { activations = new ActivationCache(0) } = options;
  return { task, settings, loaded: { ...loaded, warnings }, tokenizer, tokenizerFolder, activations, isHeld };
}

/** Makes a model of its parts: a `TaskModel`, or one of its subclasses. */
export type CreateModel = <T extends TaskTypes>(parts: ModelParts<T>) => TaskModel<T>;
export const createTaskModel: CreateModel = (parts) => new TaskModel(parts);

/** What decides the course of a training beside the options of its trainer. */
type CourseOptions = GivenOf<typeof lossSettings & typeof evaluationSettings>;

/** A pretrained network with the head of a task, and the adapters on it. */
export class TaskModel<T extends TaskTypes = TaskTypes> {
  /** The task of the model. */
  readonly definition: Task<T>;
  /** The network: backbone, head, and what is attached. */
  readonly network: T['model'];
  readonly tokenizer: Tokenizer;
  /** Of the checkpoint. */
  readonly config: ModelConfig;
  /** Of the checkpoint. */
  readonly folder: string;
  /** The folder of the tokenizer: that of the checkpoint, or of an adapter for which tokens were added. */
  readonly tokenizerFolder: string;
  /** Tensors of the checkpoint that were not used; see {@link Loaded}. */
  readonly ignored: readonly string[];
  readonly initialized: readonly string[];
  /** Assumptions, one line each. */
  readonly warnings: readonly string[];
  /** The pretrained parameters. */
  readonly backbone: readonly Parameter[];
  /** The adapters of the model; that of the settings is active. */
  readonly adapters: AdapterSet;
  readonly #activations: ActivationCache;
  #settings: RunSettings;
  #adapter: Adapter | null = null;
  readonly #isLoadedHeld: boolean;
  #isHeld = false;
  #use: AdapterUse = {};

  constructor({ task, settings, loaded, tokenizer, tokenizerFolder, activations, isHeld = false }: ModelParts<T>) {
    this.definition = task;
    this.network = loaded.model;
    this.tokenizer = tokenizer;
    this.config = loaded.config;
    this.folder = loaded.folder;
    this.tokenizerFolder = tokenizerFolder ?? loaded.folder;
    this.ignored = loaded.ignored;
    this.initialized = loaded.initialized;
    this.warnings = loaded.warnings;
    this.backbone = loaded.model.parameters().filter((parameter) => !isHeadParameter(parameter));
    this.adapters = new AdapterSet(loaded.model);
    this.#settings = settings;
    this.#activations = activations;
    this.#isLoadedHeld = isHeld;
  }

  /** Settings with which the model was built, pruned and trained. */
  get settings(): RunSettings {
    return this.#settings;
  }

  /** The name of the task. */
  get task(): string {
    return this.definition.name;
  }

  /** The class names in the order of the head's outputs; null where there are none. */
  get labels(): readonly string[] | null {
    return this.definition.labelsOf?.(this.network) ?? null;
  }

  /** The generator from which all random numbers of the model derive. */
  get random(): Random {
    return new Random(this.#settings.seed);
  }

  /** The adapter that is trained. @throws InputError if the model has none */
  get adapter(): Adapter {
    if (this.#adapter) return this.#adapter;
    throw new InputError('The model has no adapter; give it one with addAdapter; the kind full trains all weights.');
  }

  /** The adapter and, unless it is frozen, the head. */
  get trainable(): Trainable {
    return new Trainable(this.network.parameters());
  }

  /** Parameters that a saved run must hold: the adapter and the head, trained or not. */
  get saved(): Parameter[] {
    return [...this.adapters.parameters(), ...this.network.parameters().filter(isHeadParameter)];
  }

  /**
   * Attaches an adapter and freezes the backbone, so that only the adapter and the head are trained.
   *
   * @param adapter its kind, or that with options, such as `lora({ rank: 8 })`
   * @param fused those that it mixes, by name, if it does; their weights are not loaded
   * @param use what it is for; by default it is trained
   * @throws InputError if there is one already, and for options that are wrong or do not fit the model or into memory
   */
  addAdapter(
    adapter: string | AdapterSettings,
    fused: readonly FusedAdapter[] = [],
    use: AdapterUse = { isTrained: true },
  ): Adapter {
    if (this.#adapter) throw new InputError('The model has an adapter already; remove it first.');
    if (typeof adapter !== 'string' && !(typeof adapter === 'object' && adapter !== null)) {
      throw new TypeError(
        `addAdapter: adapter must be a kind or settings such as lora({ rank: 8 }), not ${shown(adapter)}.`,
      );
    }
    const given = typeof adapter === 'string' ? { kind: adapter } : adapter;
    const complete = completeSettings(given, { pruned: this.#settings.pruning !== 'none' });
    this.#settings = { ...this.#settings, adapter: complete, ...(fused.length > 0 && { fused }) };
    this.#use = use;
    for (const { name, settings } of fused) this.adapters.add(name, settings);
    return this.#attach();
  }

  /** Builds the adapter of the settings, which for Large-Sparse is a wider one. */
  #attach(): Adapter {
    const { freezeHead = false, cacheFrozenLayers, largeSparse } = this.#settings;
    const sizedBy = largeSparse === undefined ? undefined : (['largeSparse', largeSparse] as const);
    const adapter = this.adapters.add(ownAdapter, builtAdapter(this.#settings), { ...this.#use, sizedBy });
    this.adapters.activate(adapter.name);
    freezeBackbone(this.network, adapter, (parameter) => !freezeHead && isHeadParameter(parameter));
    if (cacheFrozenLayers) this.#freezeBelow(adapter, 'float32');
    this.#adapter = adapter;
    return adapter;
  }

  /** States of the first layers are those of their weights, so they are not shared between ways to hold these. */
  #freezeBelow(adapter: Adapter, dtype: string): void {
    freezeBelow(this.network, adapter, `${this.folder}\n${dtype}`, this.#activations);
  }

  /**
   * Holds the frozen backbone as the settings say, from the first training, evaluation or prediction on: scores of pruning are taken on
   * the weights as they are stored.
   *
   * @returns the network
   * @throws InputError on a backend that holds float32 alone
   */
  hold(): T['model'] {
    const dtype = backboneDtypeOf(this.#settings);
    if (this.#isHeld || dtype === 'float32') return this.network;
    if (!this.#isLoadedHeld) holdModel(this.network, dtype, { isTrained: this.#adapter !== null });
    if (this.#settings.cacheFrozenLayers) this.#freezeBelow(this.adapter, dtype);
    this.#isHeld = true;
    return this.network;
  }

  /** Whether the backbone is no longer held as it was read. */
  get isHeld(): boolean {
    return this.#isHeld || this.#isLoadedHeld;
  }

  /** Notes how the adapter is to be pruned. For Large-Sparse it is built anew, wider. */
  protected usePruning(pruning: Partial<RunSettings>): void {
    const before = builtAdapter(this.#settings);
    this.#settings = { ...unpruned(this.#settings), ...pruning };
    if (isDeepStrictEqual(builtAdapter(this.#settings), before)) return;
    this.adapters.remove(this.adapter.name);
    this.#attach();
  }

  /** Notes how the adapter is trained. */
  protected useTraining(training: TrainingOptions, others: CourseOptions): void {
    const own = { ...trainerSettings, ...lossSettings, ...evaluationSettings };
    const kept = Object.entries(this.#settings).filter(([key]) => !Object.hasOwn(own, key));
    const given = Object.entries({ ...training, ...others }).filter(([, value]) => value !== undefined);
    this.#settings = Object.fromEntries([...kept, ...given]) as unknown as RunSettings;
  }

  /** Replaces the adapter by one that computes the same without what only its training needs; see `AdapterSet.eject`. */
  ejectAdapter(): Adapter {
    this.#adapter = this.adapters.eject(this.adapter.name);
    this.#settings = { ...this.#settings, adapter: this.#adapter.settings };
    this.#settings = unpruned(this.#settings);
    return this.#adapter;
  }

  /**
   * Prunes the adapter as the settings say, on a seeded sample of training examples, without dropout.
   *
   * @param items encoded examples
   * @returns the numbers of kept weights, or null if the settings name no method
   * @throws InputError as `prune` and `prunableIn`, and if a Large-Sparse setting cannot keep as many weights as it should
   */
  pruneAdapter(items: readonly T['item'][], options?: PruneModelOptions): Promise<AdapterPruneReport | null> {
    return pruneModel(this, items, options);
  }

  /**
   * Returns the mean loss of a batch with dropout, a tensor with one element, and what the adapter adds to it; without class weights
   * and label smoothing.
   */
  loss({ items, random }: Pick<Batch<T['item']>, 'items' | 'random'>): Tensor {
    this.hold();
    return this.#objectiveOf([], []).loss(items, random);
  }

  /**
   * Returns the objective of training this model on encoded examples, with the loss that the settings say.
   *
   * @throws InputError for class weights and label smoothing that do not fit the classes
   */
  objective(items: readonly T['item'][]): Objective<T['item']> {
    return this.#objectiveOf(items, this.trainable.parameters, this.lossOptions(items));
  }

  /** Returns the options of the loss on these training examples. @throws InputError as {@link objective} */
  lossOptions(items: readonly T['item'][]): LossOptions {
    return lossOptionsOf(this.definition, this.#settings, this.labels, items);
  }

  #objectiveOf(
    items: readonly T['item'][],
    parameters: readonly Parameter[],
    options?: LossOptions,
  ): Objective<T['item']> {
    const regularizer = this.#adapter?.regularizer ?? null;
    return objectiveOf(this.definition, this.network, items, parameters, regularizer, options);
  }

  /** Returns a description of the model in one line. */
  toString(): string {
    const adapter = this.#adapter ? `${adapterTitle(this.#adapter.settings)}, ` : '';
    return `${this.constructor.name} of ${this.#settings.model}: ${adapter}${this.trainable}`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** Frees the memory of all parameters; the model cannot be used any more. */
  dispose(): void {
    for (const parameter of new Set([...this.network.parameters(), ...this.adapters.parameters()])) parameter.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
