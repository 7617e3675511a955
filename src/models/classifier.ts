import type { ParameterPath } from '../nn/index.ts';
import { binaryCrossEntropyWithLogits, type CrossEntropyOptions, crossEntropy, mse } from '../ops/losses.ts';
import { reshape } from '../ops/reduce.ts';
import type { Random } from '../random/random.ts';
import { tensor } from '../tensor/create.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { headsOf, modelEncoder } from './architectures.ts';
import type { PackedBatch } from './batch.ts';
import type { EncoderConfig } from './config.ts';
import type { Encoder } from './encoder.ts';
import { EncoderModel } from './encoder-model.ts';
import type { ProblemType } from './encoder-schema.ts';
import { type ClassificationHead, headDropout, type Pooling, SequenceHead } from './heads.ts';
import { LayeredClassificationHead, type LayeredHead } from './layered-head.ts';
import type { TokenEncoder } from './token-encoder.ts';

/** The outputs of the head of a classifier. */
export interface HeadOptions {
  /** Class names; null for regression. */
  readonly labels: readonly string[] | null;
  /** The meaning of the outputs. Default: one class of several, or numbers without `labels`. */
  readonly problem?: ProblemType;
  /** Names of the numbers in regression. Default: a single one without a name. */
  readonly outputs?: readonly string[];
  /** Default `cls`, as in Hugging Face. */
  readonly pooling?: Pooling;
  /** A head of AdapterHub's instead of that of transformers. */
  readonly layered?: LayeredHead;
}

/** What a classifier is made of. */
export interface ClassifierParts<Reader extends TokenEncoder> {
  readonly encoder: Reader;
  readonly headOf: (outputs: number, options: HeadOptions) => ClassificationHead;
}

/** The parts of an encoder's classifier. */
const encoderParts = (root: ParameterPath, config: EncoderConfig): ClassifierParts<Encoder> => ({
  encoder: modelEncoder(root, config),
  headOf(outputs, { layered, pooling }) {
    if (layered) return new LayeredClassificationHead(root, config, outputs, layered);
    // One linear layer on the mean of the tokens suits encoders trained as sentence embedders.
    const { text, pooling: own = 'cls' } = headsOf(config);
    const isOther = pooling === 'mean' && own !== pooling;
    const forms = isOther ? [{ at: 'classifier', dropout: headDropout(config) }] : text;
    return new SequenceHead(root, config, forms, outputs, isOther ? pooling : own);
  },
});

/**
 * A model with a sequence classification or regression head: `BertForSequenceClassification`, `RobertaForSequenceClassification`,
 * `BartForSequenceClassification` and others of Hugging Face, or mean pooling with a linear layer.
 */
export class SequenceClassifier<Reader extends TokenEncoder = Encoder> extends EncoderModel<Reader> {
  readonly headKind = 'sequence-classification';
  readonly head: ClassificationHead;
  /** Class names in the order of the outputs; null for regression. */
  readonly labels: readonly string[] | null;
  /** The meaning of the outputs: softmax for one class of several, sigmoid for any number of them, or numbers. */
  readonly problem: ProblemType;
  /** The names of all outputs in their order. */
  readonly outputs: readonly string[];
  /** The form of its head, where it is one of AdapterHub's. */
  readonly layeredHead: LayeredHead | undefined;
  /** The number of texts of each training example; null where that is not known. */
  texts: 1 | 2 | null = null;

  /** @param made the configuration of an encoder, or the parts of another model */
  constructor(root: ParameterPath, made: EncoderConfig | ClassifierParts<Reader>, options: HeadOptions) {
    const { labels, layered, problem = labels ? 'single_label_classification' : 'regression' } = options;
    if ((labels === null) !== (problem === 'regression')) {
      throw new Error(`SequenceClassifier: options.problem ${problem} does not go with labels ${labels}.`);
    }
    // A configuration is one of an encoder, which is the type without parts.
    const parts = 'encoder' in made ? made : (encoderParts(root, made) as unknown as ClassifierParts<Reader>);
    super(root, parts.encoder);
    this.layeredHead = layered;
    this.labels = labels;
    this.problem = problem;
    this.outputs = labels ?? options.outputs ?? ['LABEL_0'];
    this.head = parts.headOf(this.outputs.length, options);
  }

  /** Logits [sequences, labels], or [sequences, 1] for regression. Dropout is on when `random` is given. */
  override outputOf(hidden: Tensor, batch: PackedBatch, random?: Random): Tensor {
    return this.head.forward(hidden, batch, random);
  }

  /**
   * The mean cross-entropy, or the mean squared error for regression.
   *
   * @param targets one class number or one value per sequence
   * @param options of classes: their weights, by which the mean is weighted, and label smoothing
   * @throws Error for a head with several labels at once, which has a {@link multilabelLoss}, or several numbers
   */
  loss(
    logits: Tensor,
    targets: readonly number[],
    options?: Pick<CrossEntropyOptions, 'weight' | 'labelSmoothing'>,
  ): Tensor {
    if (this.problem === 'multi_label_classification' || (!this.labels && this.outputs.length > 1)) {
      throw new Error(
        `SequenceClassifier.loss: a head for ${this.problem} with ${this.outputs.length} outputs cannot be trained.`,
      );
    }
    return this.labels ? crossEntropy(logits, targets, options) : mse(reshape(logits, [-1]), tensor(targets));
  }

  /**
   * The mean over all labels of all sequences of the binary cross-entropy.
   *
   * @param logits [sequences, labels]
   * @param targets for each sequence 1 for each label that holds, else 0
   * @throws Error for a head with one answer
   */
  multilabelLoss(logits: Tensor, targets: readonly (readonly number[])[]): Tensor {
    if (this.problem !== 'multi_label_classification') {
      throw new Error(`SequenceClassifier.multilabelLoss: a head for ${this.problem} has one answer.`);
    }
    return binaryCrossEntropyWithLogits(logits, tensor(targets.flat(), [targets.length, this.outputs.length]));
  }
}
