import { LayerNorm, onesInit, type Parameter, type ParameterPath } from '../../nn/index.ts';
import { layerNorm } from '../../ops/normalization.ts';
import { zeros } from '../../tensor/create.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Norm } from './residual.ts';

/** Layer normalisation over the last axis that is scaled by `weight` [features] and not shifted. */
class ScaleNorm implements Norm {
  readonly #weight: Parameter;
  readonly #eps: number;

  constructor(path: ParameterPath, features: number, eps: number) {
    this.#weight = path.parameter('weight', [features], onesInit);
    this.#eps = eps;
  }

  forward(x: Tensor): Tensor {
    const weight = this.#weight.tensor();
    return layerNorm(x, weight, zeros(weight.shape), this.#eps);
  }
}

/** Layer normalisation, with a bias or without. */
export const layerNormOf = (
  path: ParameterPath,
  features: number,
  { eps, bias }: { readonly eps: number; readonly bias: boolean },
): Norm => (bias ? new LayerNorm(path, features, eps) : new ScaleNorm(path, features, eps));
