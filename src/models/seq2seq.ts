import type { Parameter, ParameterPath } from '../nn/index.ts';
import { crossEntropy } from '../ops/losses.ts';
import type { Random } from '../random/random.ts';
import { tidyInside } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AttachmentPoints } from './attachments.ts';
import { type PackedBatch, packSequences } from './batch.ts';
import type { EncoderDecoder } from './encoder-decoder.ts';
import type { EncoderDecoderConfig } from './encoder-decoder-config.ts';
import { seq2SeqArchitectureOf } from './encoder-decoders.ts';

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

/**
 * The decoder's input for labels: each row gets the label of the row before it, the first the start token, or the last of the labels where
 * the model wraps them. Padding replaces ignored labels.
 */
export function shiftRight(
  labels: readonly number[],
  config: Pick<EncoderDecoderConfig, 'decoder_start_token_id' | 'pad_token_id' | 'wraps_targets'>,
): number[] {
  const { decoder_start_token_id, pad_token_id, wraps_targets } = config;
  const tokens = labels.map((id) => (id === IGNORED_LABEL ? pad_token_id : id));
  const last = wraps_targets ? tokens.findLast((id) => id !== pad_token_id) : undefined;
  return [last ?? decoder_start_token_id, ...tokens.slice(0, -1)];
}

/** An encoder-decoder writing a text: `BartForConditionalGeneration` of Hugging Face, and those of its relatives. */
export class Seq2SeqModel {
  readonly headKind = 'text-generation';
  readonly config: EncoderDecoderConfig;
  readonly transformer: EncoderDecoder;
  readonly #root: ParameterPath;

  constructor(root: ParameterPath, config: EncoderDecoderConfig) {
    this.config = config;
    this.#root = root;
    this.transformer = seq2SeqArchitectureOf(config.model_type).build(root, config);
  }

  /** The attachment points of adapters. */
  get points(): AttachmentPoints {
    return this.transformer.points;
  }

  /** The root of the parameter names, where adapters add theirs. */
  get root(): ParameterPath {
    return this.#root;
  }

  /** Tensors of a checkpoint that are no parameters: nothing trains them. */
  get constants(): readonly Parameter[] {
    return this.transformer.output.constants;
  }

  /** All parameters: the model's and whatever was attached. */
  parameters(): Parameter[] {
    return this.#root.parameters();
  }

  /** Packs pairs for {@link forward} and {@link loss}. @throws Error if a text is empty */
  pack(pairs: readonly SequencePair[]): PackedPairs {
    const { positionIds } = this.transformer;
    return {
      source: packSequences(pairs, positionIds),
      target: packSequences(
        pairs.map(({ targetIds }) => ({ ids: shiftRight(targetIds, this.config) })),
        positionIds,
      ),
      labels: Int32Array.from(pairs.flatMap(({ targetIds }) => targetIds)),
    };
  }

  /** The score of every token to come next, from the decoder's output. [rows, vocab] */
  logits(hidden: Tensor): Tensor {
    return this.transformer.output.forward(hidden);
  }

  /** Logits for each row of the target [target rows, vocab]. Dropout is on when `random` is given. */
  forward({ source, target }: Pick<PackedPairs, 'source' | 'target'>, random?: Random): Tensor {
    return tidyInside(() => this.logits(this.transformer.forward(source, target, random)));
  }

  /** The mean cross-entropy over all tokens of the targets that are not ignored. */
  loss(logits: Tensor, { labels }: Pick<PackedPairs, 'labels'>): Tensor {
    return crossEntropy(logits, labels, { ignoreIndex: IGNORED_LABEL });
  }
}
