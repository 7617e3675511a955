import { define } from '../tensor/define.ts';
import { ArgumentError, formatShape, normalizeAxis } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { add, div, mul, sub } from './arithmetic.ts';
import { transpose } from './layout.ts';
import { fusedOperation } from './operation.ts';
import { max, mean, sum } from './reduce.ts';
import { exp, log, rsqrt } from './unary.ts';

const last = { axis: -1, keepDims: true };

/** x minus its largest element, which changes no softmax but keeps e^x finite. */
const shifted = (x: Tensor): Tensor => (x.size === 0 ? x : sub(x, max(x, last).detach()));

/** Kernels work along the last axis; another one is swapped there and back. */
function alongAxis(x: Tensor, axis: number, f: (t: Tensor) => Tensor): Tensor {
  const positive = normalizeAxis(axis, x.rank);
  return positive === x.rank - 1 ? f(x) : transpose(f(transpose(x, positive, -1)), positive, -1);
}

/** softmax(x)_i = e^(x_i) / Σ_j e^(x_j) along `axis`. */
export const softmax = define('softmax', (x: Tensor, axis: number = -1): Tensor => {
  return alongAxis(x, axis, (t) =>
    fusedOperation('softmax', [t], t.shape, {}, (u) => {
      const e = exp(shifted(u));
      return div(e, sum(e, last));
    }),
  );
});

/** log softmax(x)_i = x_i - log Σ_j e^(x_j) along `axis`. */
export const logSoftmax = define('logSoftmax', (x: Tensor, axis: number = -1): Tensor => {
  return alongAxis(x, axis, (t) =>
    fusedOperation('logSoftmax', [t], t.shape, {}, (u) => {
      const s = shifted(u);
      return sub(s, log(sum(exp(s), last)));
    }),
  );
});

/**
 * Layer normalisation over the last axis (Ba et al., 2016): (x - μ) / √(σ² + ε) · weight + bias, with the biased variance.
 *
 * @param x [..., n]
 * @param weight [n]
 * @param bias [n]
 * @param eps ε; default 1e-5, as in PyTorch
 */
export const layerNorm = define('layerNorm', (x: Tensor, weight: Tensor, bias: Tensor, eps: number = 1e-5): Tensor => {
  const n = x.shape[x.rank - 1];
  if (weight.rank !== 1 || weight.shape[0] !== n || bias.rank !== 1 || bias.shape[0] !== n) {
    throw new ArgumentError(
      `x ${formatShape(x.shape)} needs weight and bias [${n}], not ${formatShape(weight.shape)} and ${formatShape(bias.shape)}.`,
    );
  }
  return fusedOperation('layerNorm', [x, weight, bias], x.shape, { eps }, (t, w, b) => {
    const centred = sub(t, mean(t, last));
    const variance = mean(mul(centred, centred), last);
    return add(mul(mul(centred, rsqrt(add(variance, eps))), w), b);
  });
});
