import type { ParameterPath } from '../nn/index.ts';
import { type CrossEntropyOptions, crossEntropy } from '../ops/losses.ts';
import type { Random } from '../random/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { headsOf, modelEncoder } from './architectures.ts';
import type { PackedBatch } from './batch.ts';
import type { EncoderConfig } from './config.ts';
import { rowsOfTokens } from './encoder.ts';
import { EncoderModel } from './encoder-model.ts';
import { DenseLayers } from './heads.ts';
import { type LayeredHead, LayerStack } from './layered-head.ts';

/** The class of a token that counts for nothing, as in Hugging Face. */
export const UNLABELLED_TOKEN = -100;

/** An encoder that labels tokens: `BertForTokenClassification`, `RobertaForTokenClassification` of Hugging Face. */
export class TokenClassificationModel extends EncoderModel {
  readonly headKind = 'token-classification';
  /** Class names in the order of the outputs. */
  readonly labels: readonly string[];
  /** The form of its head, where it is one of AdapterHub's. */
  readonly layeredHead: LayeredHead | undefined;
  readonly #head: DenseLayers | LayerStack;

  constructor(root: ParameterPath, config: EncoderConfig, labels: readonly string[], layered?: LayeredHead) {
    super(root, modelEncoder(root, config));
    this.labels = labels;
    this.layeredHead = layered;
    this.#head = layered
      ? new LayerStack(root.at('classifier'), config, labels.length, layered)
      : new DenseLayers(root, config, headsOf(config).token, labels.length);
  }

  /** Logits [rows, labels], a row for each token. Dropout is on when `random` is given. */
  override outputOf(hidden: Tensor, batch: PackedBatch, random?: Random): Tensor {
    return this.#head.forward(rowsOfTokens(hidden, batch), random);
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
