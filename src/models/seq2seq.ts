import type { Parameter, ParameterPath } from '../nn/index.ts';
import { zerosInit } from '../nn/index.ts';
import { linear } from '../ops/linear.ts';
import { crossEntropy } from '../ops/losses.ts';
import { reshape } from '../ops/reduce.ts';
import type { Random } from '../random/random.ts';
import { tidyInside } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AttachmentPoints } from './attachments.ts';
import { BartModel } from './bart.ts';
import type { BartConfig } from './bart-config.ts';
import { type PackedBatch, packSequences } from './batch.ts';

/** A target with this label counts for nothing. */
const IGNORED_LABEL = -100;

/** A text to read and the one to write, as token ids with their special tokens. */
export interface SequencePair {
  readonly ids: readonly number[];
  readonly targetIds: readonly number[];
}

/** Packed pairs, the decoder reading the target one step after its output. */
export interface PackedPairs {
  readonly source: PackedBatch;
  /** The decoder's input. */
  readonly target: PackedBatch;
  /** [target rows] the token that each row must predict; -100 counts for nothing. */
  readonly labels: Int32Array;
}

/** The decoder's input for labels: each row gets the label of the row before it; padding replaces ignored labels. */
export function shiftRight(
  labels: readonly number[],
  { decoder_start_token_id, pad_token_id }: Pick<BartConfig, 'decoder_start_token_id' | 'pad_token_id'>,
): number[] {
  return [decoder_start_token_id, ...labels.slice(0, -1)].map((id) => (id === IGNORED_LABEL ? pad_token_id : id));
}

/** BART writing a text: `BartForConditionalGeneration` of Hugging Face. */
export class Seq2SeqModel {
  readonly headKind = 'text-generation';
  readonly config: BartConfig;
  readonly bart: BartModel;
  readonly #logitsBias: Parameter;
  readonly #root: ParameterPath;

  constructor(root: ParameterPath, config: BartConfig) {
    this.config = config;
    this.#root = root;
    this.bart = new BartModel(root.at('model'), config);
    this.#logitsBias = root.initializing().parameter('final_logits_bias', [1, config.vocab_size], zerosInit);
    // A constant of the checkpoint: nothing trains it.
    this.#logitsBias.trainable = false;
    root.remove([this.#logitsBias]);
  }

  /** The attachment points of adapters. */
  get points(): AttachmentPoints {
    return this.bart.points;
  }

  /** The root of the parameter names, where adapters add theirs. */
  get root(): ParameterPath {
    return this.#root;
  }

  /** Tensors of a checkpoint that are no parameters: nothing trains them. */
  get constants(): readonly Parameter[] {
    return [this.#logitsBias];
  }

  /** All parameters: the model's and whatever was attached. */
  parameters(): Parameter[] {
    return this.#root.parameters();
  }

  /** Packs pairs for {@link forward} and {@link loss}. @throws Error if a text is empty */
  pack(pairs: readonly SequencePair[]): PackedPairs {
    const { positionIds } = this.bart;
    return {
      source: packSequences(pairs, positionIds),
      target: packSequences(
        pairs.map(({ targetIds }) => ({ ids: shiftRight(targetIds, this.config) })),
        positionIds,
      ),
      labels: Int32Array.from(pairs.flatMap(({ targetIds }) => targetIds)),
    };
  }

  /** The score of every token to come next, from the decoder's output: h Eᵀ + b with the table E of the tokens. [rows, vocab] */
  logits(hidden: Tensor): Tensor {
    return linear(hidden, this.bart.shared.weight.tensor(), reshape(this.#logitsBias.tensor(), [-1]));
  }

  /** Logits for each row of the target [target rows, vocab]. Dropout is on when `random` is given. */
  forward({ source, target }: Pick<PackedPairs, 'source' | 'target'>, random?: Random): Tensor {
    return tidyInside(() => this.logits(this.bart.forward(source, target, random)));
  }

  /** The mean cross-entropy over all tokens of the targets that are not ignored. */
  loss(logits: Tensor, { labels }: Pick<PackedPairs, 'labels'>): Tensor {
    return crossEntropy(logits, labels, { ignoreIndex: IGNORED_LABEL });
  }
}
