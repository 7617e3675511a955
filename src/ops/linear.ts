import { define } from '../tensor/define.ts';
import { ArgumentError, formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { matmul } from './matmul.ts';
import { operation } from './operation.ts';
import { reshape, sum } from './reduce.ts';

/**
 * y = x Wᵀ + b, so dx = dy W, dW = dyᵀ x and db is the sum of the rows of dy.
 *
 * @param x [..., in]
 * @param weight [out, in], as PyTorch stores it
 * @param bias [out], or nothing
 * @returns [..., out]
 */
export const linear = define('linear', (x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor => {
  const [out, inner] = weight.shape;
  if (
    weight.rank !== 2 ||
    x.rank < 1 ||
    x.shape[x.rank - 1] !== inner ||
    (bias && formatShape(bias.shape) !== `[${out}]`)
  ) {
    const given = [x, weight, ...(bias ? [bias] : [])].map((t) => formatShape(t.shape)).join(', ');
    throw new ArgumentError(`x, weight and bias ${given} do not fit; they must be [..., in], [out, in] and [out].`);
  }
  const rows = x.rank === 2 ? x : reshape(x, [-1, inner]);
  const inputs: Tensor[] = bias ? [rows, weight, bias] : [rows, weight];
  const y = operation(
    inputs,
    [rows.shape[0], out],
    (backend) => backend.linear(rows.operand, weight.operand, bias?.operand ?? null),
    () => [(dy) => matmul(dy, weight), (dy) => matmul(dy, rows, { transposeA: true }), (dy) => sum(dy, { axis: 0 })],
  );
  return x.rank === 2 ? y : reshape(y, [...x.shape.slice(0, -1), out]);
});
