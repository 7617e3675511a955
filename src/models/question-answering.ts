import type { ParameterPath } from '../nn/index.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { slice } from '../ops/layout.ts';
import { crossEntropy } from '../ops/losses.ts';
import { reshape } from '../ops/reduce.ts';
import { scalarLike } from '../ops/scalar.ts';
import type { Random } from '../random/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { PackedBatch } from './batch.ts';
import { type BertModel, rowsOfTokens } from './bert.ts';
import type { EncoderConfig } from './config.ts';
import { encoderAt } from './encoder.ts';
import { EncoderModel } from './encoder-model.ts';
import { type HeadSizes, QuestionAnsweringHead } from './heads.ts';
import { type LayeredHead, LayerStack } from './layered-head.ts';
import type { TokenEncoder } from './token-encoder.ts';

/** The positions of an answer's first and last token in each sequence. */
export interface AnswerSpans {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** What a model that answers questions is made of. */
export interface AnswererParts<Encoder extends TokenEncoder> {
  readonly encoder: Encoder;
  readonly sizes: HeadSizes;
}

/** The parts of a BERT or RoBERTa. */
const encoderParts = (root: ParameterPath, config: EncoderConfig): AnswererParts<BertModel> => ({
  encoder: encoderAt(root.at(config.model_type), config),
  sizes: config,
});

/**
 * A model that marks the answer's span: `BertForQuestionAnswering`, `RobertaForQuestionAnswering` and `BartForQuestionAnswering` of Hugging
 * Face.
 */
export class QuestionAnsweringModel<Encoder extends TokenEncoder = BertModel> extends EncoderModel<Encoder> {
  readonly headKind = 'question-answering';
  /** The form of its head, where it is one of AdapterHub's. */
  readonly layeredHead: LayeredHead | undefined;
  readonly #head: QuestionAnsweringHead | LayerStack;

  /** @param made the configuration of an encoder, or the parts of another model */
  constructor(root: ParameterPath, made: EncoderConfig | AnswererParts<Encoder>, layered?: LayeredHead) {
    // A configuration is one of an encoder, which is the type without parts.
    const parts = 'encoder' in made ? made : (encoderParts(root, made) as unknown as AnswererParts<Encoder>);
    super(root, parts.encoder);
    this.layeredHead = layered;
    this.#head = layered
      ? new LayerStack(root.at('qa_outputs'), parts.sizes, 2, layered)
      : new QuestionAnsweringHead(root, parts.sizes);
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
