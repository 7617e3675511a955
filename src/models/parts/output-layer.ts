import { type Parameter, type ParameterPath, zerosInit } from '../../nn/index.ts';
import { mul } from '../../ops/arithmetic.ts';
import { linear } from '../../ops/linear.ts';
import { reshape } from '../../ops/reduce.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Makes the scores of all tokens to come next from the decoder's output: [rows, hidden] -> [rows, vocab]. */
export interface OutputLayer {
  /** Tensors of a checkpoint that are no parameters: nothing trains them. */
  readonly constants: readonly Parameter[];
  forward(hidden: Tensor): Tensor;
}

/** The table E of the tokens [vocab, hidden] and a constant b: h Eᵀ + b. */
export class BiasedOutput implements OutputLayer {
  readonly #table: Parameter;
  readonly #bias: Parameter;

  /** @param root where `final_logits_bias` [1, vocab] is; it is 0 where the checkpoint has none */
  constructor(root: ParameterPath, table: Parameter) {
    this.#table = table;
    this.#bias = root.initializing().parameter('final_logits_bias', [1, table.shape[0]], zerosInit);
    // A constant of the checkpoint: nothing trains it.
    this.#bias.trainable = false;
    root.remove([this.#bias]);
  }

  get constants(): readonly Parameter[] {
    return [this.#bias];
  }

  forward(hidden: Tensor): Tensor {
    return linear(hidden, this.#table.tensor(), reshape(this.#bias.tensor(), [-1]));
  }
}

/** A table alone, of the tokens or of its own: (s h) Wᵀ. */
export class ScaledOutput implements OutputLayer {
  readonly constants: readonly Parameter[] = [];
  readonly #table: Parameter;
  readonly #scale: number;

  constructor(table: Parameter, scale: number) {
    this.#table = table;
    this.#scale = scale;
  }

  forward(hidden: Tensor): Tensor {
    return linear(this.#scale === 1 ? hidden : mul(hidden, this.#scale), this.#table.tensor());
  }
}
