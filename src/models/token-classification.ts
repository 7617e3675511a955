import type { Parameter, ParameterPath } from '../nn/index.ts';
import { type CrossEntropyOptions, crossEntropy } from '../ops/losses.ts';
import type { Random } from '../random/random.ts';
import { tidyInside } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AttachmentPoints } from './attachments.ts';
import type { PackedBatch } from './batch.ts';
import type { BertModel } from './bert.ts';
import type { EncoderConfig } from './config.ts';
import { encoderAt } from './encoder.ts';
import { TokenClassificationHead } from './heads.ts';

/** The class of a token that counts for nothing, as in Hugging Face. */
export const UNLABELLED_TOKEN = -100;

/** An encoder that labels tokens: `BertForTokenClassification`, `RobertaForTokenClassification` of Hugging Face. */
export class TokenClassificationModel {
  readonly headKind = 'token-classification';
  readonly encoder: BertModel;
  /** Class names in the order of the outputs. */
  readonly labels: readonly string[];
  readonly #head: TokenClassificationHead;
  readonly #root: ParameterPath;

  constructor(root: ParameterPath, config: EncoderConfig, labels: readonly string[]) {
    this.#root = root;
    this.labels = labels;
    this.encoder = encoderAt(root.at(config.model_type), config);
    this.#head = new TokenClassificationHead(root, config, labels.length);
  }

  get config(): EncoderConfig {
    return this.encoder.config;
  }

  /** The attachment points of adapters. */
  get points(): AttachmentPoints {
    return this.encoder.points;
  }

  /** The root of the parameter names, where adapters add theirs. */
  get root(): ParameterPath {
    return this.#root;
  }

  /** All parameters: encoder, head and whatever was attached. */
  parameters(): Parameter[] {
    return this.#root.parameters();
  }

  /** Logits [rows, labels], a row for each token. Dropout is on when `random` is given. */
  forward(batch: PackedBatch, random?: Random): Tensor {
    return tidyInside(() => this.#head.forward(this.encoder.forward(batch, random), random));
  }

  /**
   * The mean cross-entropy over all tokens of the batch that have a class.
   *
   * @param logits [rows, labels]
   * @param classes for each sequence the class of each of its tokens as given, or {@link UNLABELLED_TOKEN}
   * @param options weights of the classes, by which the mean is weighted, and label smoothing
   * @returns a scalar; NaN where no token has a class
   */
  loss(
    logits: Tensor,
    { offsets, columns }: PackedBatch,
    classes: readonly (readonly number[])[],
    options: Pick<CrossEntropyOptions, 'weight' | 'labelSmoothing'> = {},
  ): Tensor {
    const targets = classes.flatMap((own, s) =>
      Array.from(columns.subarray(offsets[s], offsets[s + 1]), (column) => own[column]),
    );
    return crossEntropy(logits, targets, { ...options, ignoreIndex: UNLABELLED_TOKEN });
  }
}
