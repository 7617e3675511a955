import type { Parameter, ParameterPath } from '../nn/index.ts';
import type { Random } from '../random/random.ts';
import { tidyInside } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AttachmentPoints } from './attachments.ts';
import type { PackedBatch } from './batch.ts';
import type { BertModel } from './bert.ts';
import type { EncoderConfig } from './config.ts';
import { encoderAt } from './encoder.ts';
import { clsPooling, meanPooling, type Pooling } from './heads.ts';

/** An encoder that gives one vector per text, as those of Sentence Transformers do. It has no head. */
export class SentenceEncoder {
  readonly encoder: BertModel;
  /** What the vector of a text is: the output for its first token, or the mean over its tokens. */
  readonly pooling: Pooling;
  readonly #root: ParameterPath;

  constructor(root: ParameterPath, config: EncoderConfig, pooling: Pooling = 'mean') {
    this.#root = root;
    this.encoder = encoderAt(root.at(config.model_type), config);
    this.pooling = pooling;
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

  /** All parameters: the encoder and whatever was attached. */
  parameters(): Parameter[] {
    return this.#root.parameters();
  }

  /** The vector of each text [sequences, hidden]. Dropout is on when `random` is given. */
  forward(batch: PackedBatch, random?: Random): Tensor {
    const pool = this.pooling === 'mean' ? meanPooling : clsPooling;
    return tidyInside(() => pool(...this.encoder.encode(batch, random)));
  }
}
