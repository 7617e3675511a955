import { trainingDropout } from '../../nn/index.ts';
import { mul } from '../../ops/arithmetic.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { ProjectionPoint } from '../attachments.ts';
import type { Pass } from '../pass.ts';
import { columnBlocks } from './fused-attention.ts';
import type { Perceptron } from './perceptron.ts';

/** With a gate (Shazeer, 2020), both from one matrix: W₂ (act(a) ⊙ g), where W₁ x is [a; g]. */
export class GatedHalves implements Perceptron {
  readonly points: readonly [first: ProjectionPoint, second: ProjectionPoint];
  readonly #act: (x: Tensor) => Tensor;
  readonly #dropout: number;

  /** @param first [2 * inner, hidden] @param dropout before the second layer */
  constructor(first: ProjectionPoint, second: ProjectionPoint, act: (x: Tensor) => Tensor, dropout: number) {
    this.points = [first, second];
    this.#act = act;
    this.#dropout = dropout;
  }

  forward(x: Tensor, pass: Pass): Tensor {
    const [first, second] = this.points;
    const [active, gate] = columnBlocks(first.forward(x, pass), 2); // [rows, inner]
    return second.forward(trainingDropout(mul(this.#act(active), gate), this.#dropout, pass.random), pass);
  }
}
