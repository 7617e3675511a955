import type { Parameter, ParameterPath } from '../nn/index.ts';
import type { Random } from '../random/random.ts';
import { tidyInside } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AttachmentPoints } from './attachments.ts';
import type { PackedBatch, TokenSequence } from './batch.ts';
import type { Encoder } from './encoder.ts';
import type { TokenEncoder } from './token-encoder.ts';

/** A model of an encoder, with or without a head on it. */
export abstract class EncoderModel<Reader extends TokenEncoder = Encoder> {
  readonly config: Reader['config'];
  readonly encoder: Reader;
  /** The root of the parameter names, where adapters add theirs. */
  readonly root: ParameterPath;

  constructor(root: ParameterPath, encoder: Reader) {
    this.config = encoder.config;
    this.root = root;
    this.encoder = encoder;
  }

  /** The attachment points of adapters. */
  get points(): AttachmentPoints {
    return this.encoder.points;
  }

  /** Makes the model's output of that of its encoder [rows, hidden]. Dropout is on when `random` is given. */
  abstract outputOf(hidden: Tensor, batch: PackedBatch, random?: Random): Tensor;

  /** The model's output for a batch. Dropout is on when `random` is given. */
  forward(batch: PackedBatch, random?: Random): Tensor {
    return tidyInside(() => this.outputOf(...this.encoder.encode(batch, random), random));
  }

  /** Computes the numbers of the model's output for sequences, all in one batch. @throws InputError if one is not finite */
  read(sequences: readonly TokenSequence[]): ReturnType<Encoder['read']> {
    return this.encoder.read(sequences, (hidden, batch) => this.outputOf(hidden, batch));
  }

  /** All parameters: encoder, head and whatever was attached. */
  parameters(): Parameter[] {
    return this.root.parameters();
  }
}
