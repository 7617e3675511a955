import { formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { add } from './arithmetic.ts';
import { matmul } from './matmul.ts';
import { fusedOperation } from './operation.ts';
import { reshape } from './reduce.ts';

/**
 * y = x Wᵀ + b.
 *
 * @param x [..., in]
 * @param weight [out, in], as PyTorch stores it
 * @param bias [out], or nothing
 * @returns [..., out]
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  const [out, inner] = weight.shape;
  if (
    weight.rank !== 2 ||
    x.rank < 1 ||
    x.shape[x.rank - 1] !== inner ||
    (bias && formatShape(bias.shape) !== `[${out}]`)
  ) {
    const given = [x, weight, ...(bias ? [bias] : [])].map((t) => formatShape(t.shape)).join(', ');
    throw new Error(`linear: x, weight and bias ${given} do not fit; they must be [..., in], [out, in] and [out].`);
  }
  const rows = x.rank === 2 ? x : reshape(x, [-1, inner]);
  const inputs = bias ? [rows, weight, bias] : [rows, weight];
  const y = fusedOperation('linear', inputs, [rows.shape[0], out], {}, (t, w, b?: Tensor) => {
    const product = matmul(t, w, { transposeB: true });
    return b ? add(product, b) : product;
  });
  return x.rank === 2 ? y : reshape(y, [...x.shape.slice(0, -1), out]);
}

/**
 * The function of a bottleneck adapter (Houlsby et al., 2019) without its residual connection: up(f(down(x))).
 *
 * @param x [..., hidden]
 * @param down [bottleneck, hidden], with bias `downBias` [bottleneck]
 * @param up [hidden, bottleneck], with bias `upBias` [hidden]
 * @param f the activation
 */
export function bottleneck(
  x: Tensor,
  down: Tensor,
  downBias: Tensor,
  up: Tensor,
  upBias: Tensor,
  f: (t: Tensor) => Tensor,
): Tensor {
  return linear(f(linear(x, down, downBias)), up, upBias);
}
