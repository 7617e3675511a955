import type { Tensor } from '../../tensor/tensor.ts';
import type { AttachmentPoints } from '../attachments.ts';
import type { PackedBatch } from '../batch.ts';
import type { EncoderLayer } from '../encoder.ts';
import type { Pass } from '../pass.ts';
import type { InnerLayer } from './feed-forward.ts';
import type { SelfAttention } from './self-attention.ts';
import type { SublayerOrder } from './sublayer.ts';

/** The parts of a layer, in the order in which their parameters are made. */
export interface LayerParts {
  readonly attention: SelfAttention;
  readonly attentionEnd: SublayerOrder;
  readonly inner: InnerLayer;
  readonly end: SublayerOrder;
}

/** A layer of self-attention and a perceptron. */
export class TransformerLayer implements EncoderLayer {
  readonly path: string;
  readonly #parts: LayerParts;

  /** @param path of the layer in the checkpoint */
  constructor(path: string, parts: LayerParts) {
    this.path = path;
    this.#parts = parts;
  }

  get points(): Omit<AttachmentPoints, 'path'> {
    const { attention, attentionEnd, inner, end } = this.#parts;
    return {
      residual: [attentionEnd.end, end.end],
      projection: [...attention.projections, attentionEnd.dense, ...inner.points, end.dense],
      attention: attention.points,
    };
  }

  /** [rows, hidden] -> [rows, hidden] */
  forward(x: Tensor, batch: PackedBatch, pass: Pass): Tensor {
    const { attention, attentionEnd, inner, end } = this.#parts;
    const y = attentionEnd.leave(attention.forward(attentionEnd.enter(x), batch, pass), x, pass); // [rows, hidden]
    return end.leave(inner.forward(end.enter(y), pass), y, pass);
  }
}
