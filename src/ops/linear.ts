import { define } from '../tensor/define.ts';
import { isRecording } from '../tensor/graph.ts';
import { ArgumentError, formatShape } from '../tensor/shape.ts';
import { isSparse, type SparseMatrix } from '../tensor/sparse.ts';
import { Tensor } from '../tensor/tensor.ts';
import { matmul } from './matmul.ts';
import { operation } from './operation.ts';
import { reshape, sum } from './reduce.ts';
import { sparseLinear } from './sparse.ts';

/**
 * y = x Wᵀ + b, so dx = dy W, dW = dyᵀ x and db is the sum of the rows of dy.
 *
 * @param x [..., in]
 * @param weight [out, in], as PyTorch stores it, or a sparse matrix; a frozen one may be held in 8 bits, see `Parameter.hold`
 * @param bias [out], or nothing
 * @returns [..., out]
 */
export const linear = define('linear', (x: Tensor, weight: Tensor | SparseMatrix, bias?: Tensor | null): Tensor => {
  const { shape } = isSparse(weight) ? weight.pattern : weight;
  const [out, inner] = shape;
  if (
    shape.length !== 2 ||
    x.rank < 1 ||
    x.shape[x.rank - 1] !== inner ||
    (bias && formatShape(bias.shape) !== `[${out}]`)
  ) {
    const given = [x.shape, shape, ...(bias ? [bias.shape] : [])].map(formatShape).join(', ');
    throw new ArgumentError(`x, weight and bias ${given} do not fit; they must be [..., in], [out, in] and [out].`);
  }
  const rows = x.rank === 2 ? x : reshape(x, [-1, inner]);
  const y = isSparse(weight) ? sparseLinear(rows, weight, bias ?? null) : denseLinear(rows, weight, bias ?? null);
  return x.rank === 2 ? y : reshape(y, [...x.shape.slice(0, -1), out]);
});

function denseLinear(rows: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const inputs: Tensor[] = bias ? [rows, weight, bias] : [rows, weight];
  return operation(
    inputs,
    [rows.shape[0], weight.shape[0]],
    (backend) => {
      // Asking for it compiles its kernels.
      const int8 = weight.isInt8 && backend.int8;
      if (int8) return int8.linear(rows.operand, weight.opaqueBuffer, bias?.operand ?? null);
      return backend.linear(rows.operand, weight.operand, bias?.operand ?? null);
    },
    () => [
      (dy) => (weight.isInt8 ? timesInt8(dy, weight) : matmul(dy, weight)),
      (dy) => matmul(dy, rows, { transposeA: true }),
      (dy) => sum(dy, { axis: 0 }),
    ],
    [[1], [0], []],
  );
}

/** dy [rows, out] times a weight [out, in] in 8 bits. @throws Error where that is to be differentiated again */
function timesInt8(dy: Tensor, weight: Tensor): Tensor {
  const { int8 } = weight.backend;
  if (!int8 || isRecording()) {
    throw new Error('There is no second derivative through a weight in 8 bits; hold the backbone in float32.');
  }
  return Tensor.fromBuffer(weight.backend, int8.backward(dy.operand, weight.opaqueBuffer), [
    dy.shape[0],
    weight.shape[1],
  ]);
}
