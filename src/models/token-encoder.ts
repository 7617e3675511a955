import type { Random } from '../random/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AttachmentPoints } from './attachments.ts';
import type { PackedBatch, PositionRule, TokenSequence } from './batch.ts';
import type { Head, ReadOutput } from './encoder.ts';
import type { ModelConfig } from './model-config.ts';

/** A network that gives each token of a text a vector, for a head to read: an encoder, or BART as it reads a text. */
export interface TokenEncoder {
  readonly config: ModelConfig;
  /** The attachment points of adapters. */
  readonly points: AttachmentPoints;
  /** The rule to give to `packSequences` and `packPadded`. */
  readonly positionIds: PositionRule;
  /** The vectors [rows, hidden], and the batch that they belong to: with the rows that adapters have before tokens. */
  encode(batch: PackedBatch, random?: Random): [hidden: Tensor, batch: PackedBatch];
  /**
   * Computes the numbers that a head makes of sequences, all in one batch and without derivatives. Those of a sequence have the same bits
   * in every batch, on the backends that can promise it.
   */
  read(sequences: readonly TokenSequence[], head: Head): ReturnType<ReadOutput>;
}
