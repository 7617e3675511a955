import type { ParameterPath } from '../nn/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { modelEncoder } from './architectures.ts';
import type { PackedBatch } from './batch.ts';
import type { EncoderConfig } from './config.ts';
import { EncoderModel } from './encoder-model.ts';
import { clsPooling, meanPooling, type Pooling } from './heads.ts';

/** An encoder that gives one vector per text, as those of Sentence Transformers do. It has no head. */
export class SentenceEncoder extends EncoderModel {
  /** What the vector of a text is: the output for its first token, or the mean over its tokens. */
  readonly pooling: Pooling;

  constructor(root: ParameterPath, config: EncoderConfig, pooling: Pooling = 'mean') {
    super(root, modelEncoder(root, config));
    this.pooling = pooling;
  }

  /** The vector of each text [sequences, hidden]. */
  override outputOf(hidden: Tensor, batch: PackedBatch): Tensor {
    const pool = this.pooling === 'mean' ? meanPooling : clsPooling;
    return pool(hidden, batch);
  }
}
