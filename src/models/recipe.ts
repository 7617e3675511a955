import { InputError } from '../errors.ts';
import type { ParameterPath } from '../nn/index.ts';
import { modelEncoder } from './architectures.ts';
import { headTitles } from './checkpoint-class.ts';
import { type HeadOptions, SequenceClassifier } from './classifier.ts';
import type { EncoderConfig } from './config.ts';
import type { Encoder } from './encoder.ts';
import type { EncoderDecoderConfig } from './encoder-decoder-config.ts';
import {
  chooseAnswerHead,
  chooseClassifierHead,
  chooseTokenHead,
  type HeadChoice,
  type HeadUse,
  noHead,
  type PoolerPlace,
} from './head-choice.ts';
import type { Pooling } from './heads.ts';
import type { LayeredHead } from './layered-head.ts';
import { describeClass, type StoredShapes } from './own-head.ts';
import { QuestionAnsweringModel } from './question-answering.ts';
import { SentenceEncoder } from './sentence-encoder.ts';
import { Seq2SeqModel } from './seq2seq.ts';
import { TokenClassificationModel } from './token-classification.ts';

/** The configurations of each kind of architecture. */
export interface Configs {
  readonly encoder: EncoderConfig;
  readonly seq2seq: EncoderDecoderConfig;
}

/** The steps from a checkpoint to a model, and the head that it gets. A recipe touches no files; {@link loadModel} follows it. */
export interface Recipe<Model, Kind extends keyof Configs = keyof Configs, Choice extends HeadChoice = HeadChoice> {
  readonly kind: Kind;
  /** @param folder for messages */
  choose(config: Configs[Kind], stored: StoredShapes, folder: string): Choice;
  build(root: ParameterPath, config: Configs[Kind], choice: Choice): Model;
  /** The recipe for a BART, where the model can be of one too. */
  readonly onBart?: Recipe<Model, 'seq2seq'>;
}

/** The options of loading a classifier. */
export interface LoadClassifierOptions extends HeadOptions {
  /**
   * Whether the checkpoint's own head is used. `auto`, the default: if it is one for these labels. `checkpoint`: it must be. `new`: it
   * is not.
   */
  readonly head?: HeadUse;
  /** The part that the pooler of BERT belongs to. `head`: it begins as the checkpoint's, and is trained and saved with the head. Default `backbone` */
  readonly pooler?: PoolerPlace;
}

export const encoderRecipe: Recipe<Encoder, 'encoder'> = {
  kind: 'encoder',
  choose: ({ stated }) => ({ ...noHead, is: describeClass(stated) }),
  build: (root, config) => modelEncoder(root, config),
};

export const sentenceEncoderRecipe = (pooling?: Pooling): Recipe<SentenceEncoder, 'encoder'> => ({
  kind: 'encoder',
  choose: ({ stated }) => ({ ...noHead, is: describeClass(stated) }),
  build: (root, config) => new SentenceEncoder(root, config, pooling),
});

/**
 * @param options what the head is to predict; null for what the checkpoint's own head does
 * @param texts how many texts the examples have that it is trained on, where that is known
 */
export const classifierRecipe = (
  options: (config: EncoderConfig) => LoadClassifierOptions | null,
  texts: 1 | 2 | null = null,
): Recipe<SequenceClassifier, 'encoder', ReturnType<typeof chooseClassifierHead>> => ({
  kind: 'encoder',
  choose: (config, stored, folder) => chooseClassifierHead(folder, config, stored, options(config)),
  build: (root, config, choice) => Object.assign(new SequenceClassifier(root, config, choice.options), { texts }),
});

/** @param labels null for those of the checkpoint's own head */
export const tokenClassificationRecipe = (
  labels: readonly string[] | null,
  head: HeadUse = 'auto',
  layered?: LayeredHead,
): Recipe<TokenClassificationModel, 'encoder', ReturnType<typeof chooseTokenHead>> => ({
  kind: 'encoder',
  choose: (config, stored, folder) => chooseTokenHead(folder, config, stored, labels, layered ? 'new' : head),
  build: (root, config, choice) => new TokenClassificationModel(root, config, choice.labels, layered),
});

export const questionAnsweringRecipe = (
  head: HeadUse = 'auto',
  layered?: LayeredHead,
): Recipe<QuestionAnsweringModel, 'encoder'> => ({
  kind: 'encoder',
  choose: (config, stored, folder) => chooseAnswerHead(folder, config, stored, layered ? 'new' : head),
  build: (root, config) => new QuestionAnsweringModel(root, config, layered),
});

/** @param head `checkpoint`: it must be one that was trained to generate */
export const seq2SeqRecipe = (head: HeadUse = 'auto'): Recipe<Seq2SeqModel, 'seq2seq'> => ({
  kind: 'seq2seq',
  choose: ({ stated }, _, folder) => {
    if (['text-generation', 'none', 'unstated'].includes(stated.kind) || head === 'new') return noHead;
    if (head === 'auto') {
      const line = `${folder}: it is ${describeClass(stated)}; its weights are used to generate text.`;
      return { ...noHead, warnings: [line] };
    }
    throw new InputError(`${folder} is ${describeClass(stated)}; this needs ${headTitles['text-generation']}.`);
  },
  build: (root, config) => new Seq2SeqModel(root, config),
});
