import type { ParameterPath } from '../nn/index.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { slice } from '../ops/layout.ts';
import { crossEntropy } from '../ops/losses.ts';
import { reshape } from '../ops/reduce.ts';
import { scalarLike } from '../ops/scalar.ts';
import type { Random } from '../random/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { headsOf, modelEncoder } from './architectures.ts';
import type { PackedBatch } from './batch.ts';
import type { EncoderConfig } from './config.ts';
import { type Encoder, rowsOfTokens } from './encoder.ts';
import { EncoderModel } from './encoder-model.ts';
import { DenseLayers, type HeadLayer, type HeadSizes } from './heads.ts';
import { type LayeredHead, LayerStack } from './layered-head.ts';
import type { TokenEncoder } from './token-encoder.ts';

/** The positions of an answer's first and last token in each sequence. */
export interface AnswerSpans {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** What a model that answers questions is made of. */
export interface AnswererParts<Reader extends TokenEncoder> {
  readonly encoder: Reader;
  readonly sizes: HeadSizes;
  readonly layers: readonly HeadLayer[];
}

/** The parts of an encoder's model. */
const encoderParts = (root: ParameterPath, config: EncoderConfig): AnswererParts<Encoder> => ({
  encoder: modelEncoder(root, config),
  sizes: config,
  layers: headsOf(config).answer,
});

/**
 * A model that marks the answer's span: `BertForQuestionAnswering`, `RobertaForQuestionAnswering`, `BartForQuestionAnswering` and others of
 * Hugging Face.
 */
export class QuestionAnsweringModel<Reader extends TokenEncoder = Encoder> extends EncoderModel<Reader> {
  readonly headKind = 'question-answering';
  /** The form of its head, where it is one of AdapterHub's. */
  readonly layeredHead: LayeredHead | undefined;
  readonly #head: DenseLayers | LayerStack;

  /** @param made the configuration of an encoder, or the parts of another model */
  constructor(root: ParameterPath, made: EncoderConfig | AnswererParts<Reader>, layered?: LayeredHead) {
    // A configuration is one of an encoder, which is the type without parts.
    const parts = 'encoder' in made ? made : (encoderParts(root, made) as unknown as AnswererParts<Reader>);
    super(root, parts.encoder);
    this.layeredHead = layered;
    this.#head = layered
      ? new LayerStack(root.at('qa_outputs'), parts.sizes, 2, layered)
      : new DenseLayers(root, parts.sizes, parts.layers, 2);
  }

  /** A start and an end logit for each token [rows, 2]. Dropout is on when `random` is given. */
  override outputOf(hidden: Tensor, batch: PackedBatch, random?: Random): Tensor {
    return this.#head.forward(rowsOfTokens(hidden, batch), random);
  }

  /**
   * (cross-entropy of the starts + cross-entropy of the ends) / 2, each over the tokens of a sequence and averaged over the
   * sequences. As in Hugging Face a negative position counts as 0, and one after the last token is left out.
   *
   * @param logits [rows, 2]
   */
  loss(logits: Tensor, batch: PackedBatch, { starts, ends }: AnswerSpans): Tensor {
    return mul(add(spanLoss(logits, 0, batch, starts), spanLoss(logits, 1, batch, ends)), 0.5);
  }
}

function spanLoss(
  logits: Tensor,
  channel: number,
  { offsets, columns }: PackedBatch,
  positions: readonly number[],
): Tensor {
  const losses: Tensor[] = [];
  positions.forEach((position, s) => {
    const [start, end] = [offsets[s], offsets[s + 1]];
    const target = columns.subarray(start, end).indexOf(Math.max(0, position));
    if (target < 0) return;
    const scores = slice(logits, [start, channel], [end, channel + 1]); // [length, 1]
    losses.push(crossEntropy(reshape(scores, [1, -1]), [target]));
  });
  if (losses.length === 0) return scalarLike(logits, Number.NaN);
  return mul(
    losses.reduce((a, b) => add(a, b)),
    1 / losses.length,
  );
}
