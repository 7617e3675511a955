import type { Projection, ProjectionPoint } from '../models/index.ts';
import {
  type Initializer,
  kaimingUniformInit,
  normalInit,
  onesInit,
  type Parameter,
  type ParameterPath,
  trainingDropout,
  zerosInit,
} from '../nn/index.ts';
import { add, div, mul, sub } from '../ops/arithmetic.ts';
import { indexSelect } from '../ops/gather.ts';
import { linear } from '../ops/linear.ts';
import { matmul } from '../ops/matmul.ts';
import { reshape, sum } from '../ops/reduce.ts';
import { sqrt } from '../ops/unary.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ProjectionModule } from './family.ts';

/**
 * Starting values of A and B.
 * - `lora`: Kaiming-uniform A, zero B, so that the adapter starts as the identity (Hu et al., 2022)
 * - `bert`: N(0, 0.02²) both, as the SparseAdapter authors do to prune at initialisation
 */
const inits = {
  lora: { a: kaimingUniformInit, b: zerosInit },
  bert: { a: normalInit(0.02), b: normalInit(0.02) },
} as const satisfies Record<string, { a: Initializer; b: Initializer }>;

export interface LowRankConfig {
  readonly rank: number;
  readonly init: keyof typeof inits;
  readonly scale: number;
  readonly dropout: number;
  /** Whether B has a bias. */
  readonly hasBias: boolean;
  /** Whether the rows of the weight get trained lengths (DoRA). */
  readonly dora: boolean;
}

/** The Euclidean length of each row of a matrix [out, in], [out]. */
export const rowNorms = (matrix: Tensor): Tensor => sqrt(sum(mul(matrix, matrix), { axis: 1 }));

/** A copy of a weight [out, in] in floats: other operations would have a matrix of halves turned into floats for good. */
export const inFloats = (weight: Tensor): Tensor =>
  indexSelect(
    weight,
    Int32Array.from({ length: weight.shape[0] }, (_, row) => row),
  );

/** W + s · B A, [out, in]. */
export const withLowRank = (weight: Tensor, a: Tensor, b: Tensor, scale: number): Tensor =>
  add(inFloats(weight), mul(matmul(b, a), scale));

/**
 * A change of low rank of one linear layer: y -> y + s · B A x. With trained lengths m the rows of V = W + s · B A are scaled to them:
 * m / ‖V‖ ⊙ V x + b (DoRA, Liu et al., 2024), whose gradient takes ‖V‖ for a constant.
 */
export class LowRank implements ProjectionModule {
  readonly a: Parameter;
  readonly b: Parameter;
  readonly #layer: ProjectionPoint['linear'];
  /** [out], of B */
  readonly #bias: Parameter | null;
  /** [out] */
  readonly #lengths: Parameter | null;
  readonly #scale: number;
  readonly #dropout: number;

  /** @param path the linear layer in the tree of parameter names; they become PEFT's, `lora_A.<adapter>.weight` */
  constructor(path: ParameterPath, { linear: layer }: ProjectionPoint, adapter: string, config: LowRankConfig) {
    const [out, inner] = layer.weight.shape;
    const init = inits[config.init];
    const atB = path.at('lora_B').at(adapter);
    this.#layer = layer;
    this.a = path.at('lora_A').at(adapter).parameter('weight', [config.rank, inner], init.a);
    this.b = atB.parameter('weight', [out, config.rank], init.b);
    this.#bias = config.hasBias ? atB.parameter('bias', [out], zerosInit) : null;
    this.#lengths = config.dora
      ? path.at('lora_magnitude_vector').at(adapter).parameter('weight', [out], onesInit)
      : null;
    tidy(() => this.#lengths?.assign(rowNorms(layer.weight.tensor())));
    this.#scale = config.scale;
    this.#dropout = config.dropout;
  }

  /** All that it trains. */
  get parameters(): Parameter[] {
    return [this.a, this.b, this.#bias, this.#lengths].filter((parameter) => parameter !== null);
  }

  forward(y: Tensor, { x, pass }: Projection): Tensor {
    const inner = linear(trainingDropout(x, this.#dropout, pass.random), this.a.matrix()); // [rows, rank]
    const change = mul(linear(inner, this.b.matrix(), this.#bias?.tensor()), this.#scale);
    if (!this.#lengths) return add(y, change);
    const bias = this.#layer.bias?.tensor();
    if (!bias) return mul(add(y, change), this.#stretch());
    return add(mul(add(sub(y, bias), change), this.#stretch()), bias);
  }

  /** m / ‖V‖, [out]. */
  #stretch(): Tensor {
    const norms = tidy(() => rowNorms(this.#changed()).detach());
    return div(this.#lengths?.tensor() ?? norms, norms);
  }

  #changed(): Tensor {
    return withLowRank(this.#layer.weight.tensor(), this.a.tensor(), this.b.tensor(), this.#scale);
  }

  /** The weights of the layer that do the same. */
  merged(): [Parameter, Tensor][] {
    const { weight, bias } = this.#layer;
    const stretch = this.#lengths ? this.#stretch() : null;
    const changed = this.#changed();
    const ofWeight: [Parameter, Tensor] = [weight, stretch ? mul(changed, reshape(stretch, [-1, 1])) : changed];
    if (!this.#bias || !bias) return [ofWeight];
    const added = mul(this.#bias.tensor(), this.#scale);
    return [ofWeight, [bias, add(bias.tensor(), stretch ? mul(added, stretch) : added)]];
  }
}
