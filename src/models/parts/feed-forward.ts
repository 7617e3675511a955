import type { ParameterPath } from '../../nn/index.ts';
import { activation } from '../../ops/activations.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { ProjectionPoint } from '../attachments.ts';
import type { Pass } from '../pass.ts';
import type { LayerSizes } from './sizes.ts';

/** The inner layer of a perceptron, before the dense layer that ends the sublayer. */
export interface InnerLayer {
  readonly points: readonly ProjectionPoint[];
  /** [rows, hidden] -> [rows, intermediate] */
  forward(x: Tensor, pass: Pass): Tensor;
}

/** Plain: x -> act(W x + b). */
export class FeedForward implements InnerLayer {
  readonly #dense: ProjectionPoint;
  readonly #act: (x: Tensor) => Tensor;

  constructor(path: ParameterPath, { hidden_size, intermediate_size, hidden_act }: LayerSizes) {
    this.#dense = new ProjectionPoint(path, hidden_size, intermediate_size);
    this.#act = activation(hidden_act);
  }

  get points(): ProjectionPoint[] {
    return [this.#dense];
  }

  forward(x: Tensor, pass: Pass): Tensor {
    return this.#act(this.#dense.forward(x, pass));
  }
}
