import { add } from '../ops/arithmetic.ts';
import type { Random } from '../random/random.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** What an adapter sees at the end of a sublayer. All tensors are [rows, hidden]. */
export interface SublayerOutput {
  /** The output of the sublayer's last dense layer, after dropout. */
  readonly h: Tensor;
  /** The input of the sublayer, which the residual connection adds. */
  readonly x: Tensor;
  /** The pretrained layer normalisation that ends the sublayer. */
  readonly norm: (t: Tensor) => Tensor;
  /** Present while training: the source of dropout masks. */
  readonly random?: Random;
}

/** Computes the sublayer's result in place of norm(h + x). */
export type ResidualAdapter = (output: SublayerOutput) => Tensor;

/**
 * An attachment point at the end of a sublayer. The model calls what is attached and knows nothing of its kind; with nothing
 * attached the result is norm(h + x).
 */
export class ResidualPoint {
  /** The path of the module it belongs to, as in the checkpoint. */
  readonly name: string;
  readonly sublayer: 'attention' | 'feedForward';
  readonly hiddenSize: number;
  adapter: ResidualAdapter | null = null;

  constructor(name: string, sublayer: 'attention' | 'feedForward', hiddenSize: number) {
    this.name = name;
    this.sublayer = sublayer;
    this.hiddenSize = hiddenSize;
  }

  forward(output: SublayerOutput): Tensor {
    return this.adapter ? this.adapter(output) : output.norm(add(output.h, output.x));
  }
}
