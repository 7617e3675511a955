import { add, mul } from '../ops/arithmetic.ts';
import { dropout } from '../ops/dropout.ts';
import { indexSelect } from '../ops/gather.ts';
import { linear } from '../ops/linear.ts';
import { layerNorm } from '../ops/normalization.ts';
import { mean } from '../ops/reduce.ts';
import { rsqrt } from '../ops/unary.ts';
import type { Random } from '../random/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Initializer, normalInit, onesInit, zerosInit } from './init.ts';
import type { Parameter } from './parameter.ts';
import type { ParameterPath } from './path.ts';

const bertInit = normalInit(0.02);

/** y = x Wᵀ + b with `weight` [out, in] and `bias` [out]. */
export class Linear {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(
    path: ParameterPath,
    inFeatures: number,
    outFeatures: number,
    { weight = bertInit, bias = zerosInit }: { weight?: Initializer; bias?: Initializer } = {},
  ) {
    this.weight = path.parameter('weight', [outFeatures, inFeatures], weight);
    this.bias = path.parameter('bias', [outFeatures], bias);
  }

  /** [..., in] -> [..., out] */
  forward(x: Tensor): Tensor {
    return linear(x, this.weight.matrix(), this.bias.tensor());
  }
}

/** y = x Wᵀ with `weight` [out, in]. */
export class UnbiasedLinear {
  readonly weight: Parameter;
  readonly bias = null;

  constructor(path: ParameterPath, inFeatures: number, outFeatures: number, weight: Initializer = bertInit) {
    this.weight = path.parameter('weight', [outFeatures, inFeatures], weight);
  }

  /** [..., in] -> [..., out] */
  forward(x: Tensor): Tensor {
    return linear(x, this.weight.matrix());
  }
}

/** Layer normalisation over the last axis with `weight` and `bias` [features]. */
export class LayerNorm {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly eps: number;

  constructor(path: ParameterPath, features: number, eps: number) {
    this.weight = path.parameter('weight', [features], onesInit);
    this.bias = path.parameter('bias', [features], zerosInit);
    this.eps = eps;
  }

  /** [..., features] -> [..., features] */
  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight.tensor(), this.bias.tensor(), this.eps);
  }
}

/** Normalisation by the root mean square over the last axis (Zhang and Sennrich, 2019): w · x / √(mean(x²) + eps), `weight` [features]. */
export class RmsNorm {
  readonly weight: Parameter;
  readonly eps: number;

  constructor(path: ParameterPath, features: number, eps: number) {
    this.weight = path.parameter('weight', [features], onesInit);
    this.eps = eps;
  }

  /** [..., features] -> [..., features] */
  forward(x: Tensor): Tensor {
    const square = mean(mul(x, x), { axis: -1, keepDims: true }); // [..., 1]
    return mul(mul(x, rsqrt(add(square, this.eps))), this.weight.tensor());
  }
}

/** A table with one row per id, `weight` [rows, features]. */
export class Embedding {
  readonly weight: Parameter;
  /** The row that gets no gradient, if there is one. */
  readonly paddingIdx: number | undefined;

  /**
   * @param paddingIdx the row that is 0 at first and gets no gradient
   * @param first draws the other rows
   */
  constructor(path: ParameterPath, rows: number, features: number, paddingIdx?: number, first = bertInit) {
    const init: Initializer = (shape, random) => {
      const values = first(shape, random);
      return paddingIdx === undefined ? values : values.fill(0, paddingIdx * features, (paddingIdx + 1) * features);
    };
    this.weight = path.parameter('weight', [rows, features], init);
    this.paddingIdx = paddingIdx;
  }

  /** ids [n] -> [n, features] @throws Error for an id that is not a row of the table */
  forward(ids: Int32Array): Tensor {
    const negative = ids.find((id) => id < 0);
    if (negative !== undefined) throw new Error(`Row ${negative} is outside the table ${this.weight.name}.`);
    return indexSelect(this.weight.tensor(), ids, { paddingIdx: this.paddingIdx });
  }
}

/** Dropout in training, that is where a generator is given; the identity in evaluation. */
export function trainingDropout(x: Tensor, p: number, random: Random | undefined): Tensor {
  return random ? dropout(x, p, random) : x;
}
