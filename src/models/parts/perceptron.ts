import { trainingDropout } from '../../nn/index.ts';
import { mul } from '../../ops/arithmetic.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { ProjectionPoint } from '../attachments.ts';
import type { Pass } from '../pass.ts';

/** A perceptron of a layer: [rows, hidden] -> [rows, hidden]. */
export interface Perceptron {
  readonly points: readonly ProjectionPoint[];
  forward(x: Tensor, pass: Pass): Tensor;
}

/** Where dropout acts in a perceptron. */
export interface PerceptronDropout {
  readonly inner: number;
  readonly output: number;
}

/** Two dense layers: W₂ act(W₁ x). */
export class TwoLayers implements Perceptron {
  readonly points: readonly [first: ProjectionPoint, second: ProjectionPoint];
  readonly #act: (x: Tensor) => Tensor;
  readonly #dropout: PerceptronDropout;

  constructor(first: ProjectionPoint, second: ProjectionPoint, act: (x: Tensor) => Tensor, dropout: PerceptronDropout) {
    this.points = [first, second];
    this.#act = act;
    this.#dropout = dropout;
  }

  forward(x: Tensor, pass: Pass): Tensor {
    const [first, second] = this.points;
    const { inner: p, output } = this.#dropout;
    const inner = trainingDropout(this.#act(first.forward(x, pass)), p, pass.random); // [rows, inner]
    return trainingDropout(second.forward(inner, pass), output, pass.random);
  }
}

/** With a gate (Shazeer, 2020): W₂ (act(G x) ⊙ W₁ x). */
export class GatedLayers implements Perceptron {
  readonly points: readonly [gate: ProjectionPoint, first: ProjectionPoint, second: ProjectionPoint];
  readonly #act: (x: Tensor) => Tensor;
  readonly #dropout: PerceptronDropout;

  constructor(
    gate: ProjectionPoint,
    first: ProjectionPoint,
    second: ProjectionPoint,
    act: (x: Tensor) => Tensor,
    dropout: PerceptronDropout,
  ) {
    this.points = [gate, first, second];
    this.#act = act;
    this.#dropout = dropout;
  }

  forward(x: Tensor, pass: Pass): Tensor {
    const [gate, first, second] = this.points;
    const { inner: p, output } = this.#dropout;
    const gated = mul(this.#act(gate.forward(x, pass)), first.forward(x, pass)); // [rows, inner]
    return trainingDropout(second.forward(trainingDropout(gated, p, pass.random), pass), output, pass.random);
  }
}
