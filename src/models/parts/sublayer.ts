import { LayerNorm, type ParameterPath, trainingDropout } from '../../nn/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { ProjectionPoint, ResidualPoint } from '../attachments.ts';
import type { Pass } from '../pass.ts';
import type { LayerSizes } from './sizes.ts';

/** The order of norm, sublayer and residual connection, with the dense layer that ends the sublayer. */
export interface SublayerOrder {
  readonly dense: ProjectionPoint;
  readonly end: ResidualPoint;
  /** What the sublayer reads of its input x [rows, hidden]. */
  enter(x: Tensor): Tensor;
  /** The result [rows, hidden] from what the sublayer made [rows, in], and its input x. */
  leave(made: Tensor, x: Tensor, pass: Pass): Tensor;
}

/** Post-norm (Vaswani et al., 2017): x -> norm(x + dense(f(x))). */
export class PostNorm implements SublayerOrder {
  readonly dense: ProjectionPoint;
  readonly end: ResidualPoint;
  readonly #norm: LayerNorm;
  readonly #p: number;

  /**
   * @param dense the place of [hidden, width], where the sublayer makes [rows, width]
   * @param end the point where adapters attach
   */
  constructor(
    sublayer: 'attention' | 'feedForward',
    [dense, norm, end]: readonly [dense: ParameterPath, norm: ParameterPath, end: ParameterPath],
    width: number,
    { hidden_size, layer_norm_eps, hidden_dropout_prob }: LayerSizes,
  ) {
    this.dense = new ProjectionPoint(dense, width, hidden_size);
    this.#norm = new LayerNorm(norm, hidden_size, layer_norm_eps);
    this.end = new ResidualPoint(end.prefix, sublayer, hidden_size);
    this.#p = hidden_dropout_prob;
  }

  enter(x: Tensor): Tensor {
    return x;
  }

  leave(made: Tensor, x: Tensor, pass: Pass): Tensor {
    const h = trainingDropout(this.dense.forward(made, pass), this.#p, pass.random); // [rows, hidden]
    return this.end.forward(h, { x, norm: (t) => this.#norm.forward(t), pass });
  }
}
