import type { Shape } from '../backends/backend.ts';
import { define } from '../tensor/define.ts';
import { ArgumentError, commonShape, formatShape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { broadcastTo } from './broadcast.ts';
import { operation } from './operation.ts';
import { reshape } from './reduce.ts';

export interface MatmulOptions {
  /** `a` is stored as [..., k, m]. */
  readonly transposeA?: boolean;
  /** `b` is stored as [..., n, k]. */
  readonly transposeB?: boolean;
}

/**
 * The matrix product a [..., m, k] · b [..., k, n] -> [..., m, n]. Leading axes are batches and broadcast.
 *
 * @throws Error if a tensor has fewer than two axes or the inner lengths differ
 */
export const matmul = define(
  'matmul',
  (a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: MatmulOptions = {}): Tensor => {
    const batch = checkedBatch(a, b, transposeA, transposeB);
    // A batch of rows times one matrix is a single, larger product.
    if (a.rank > 2 && b.rank === 2 && !transposeA) {
      const rows = reshape(a, [-1, a.shape[a.rank - 1]]);
      const product = batchedMatmul(rows, b, false, transposeB);
      return reshape(product, [...a.shape.slice(0, -1), product.shape[1]]);
    }
    if (a.rank === 2 && b.rank === 2) return batchedMatmul(a, b, transposeA, transposeB);
    return batchedMatmul(
      broadcastTo(a, [...batch, ...a.shape.slice(-2)]),
      broadcastTo(b, [...batch, ...b.shape.slice(-2)]),
      transposeA,
      transposeB,
    );
  },
);

/** @returns the shape of the batches of both @throws ArgumentError that names both shapes */
function checkedBatch(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Shape {
  const both = () => `${formatShape(a.shape)} and ${formatShape(b.shape)}`;
  if (a.rank < 2 || b.rank < 2) throw new ArgumentError(`it needs matrices, not ${both()}.`);
  const [k, inner] = [a.shape[a.rank - (transposeA ? 2 : 1)], b.shape[b.rank - (transposeB ? 1 : 2)]];
  if (inner !== k) throw new ArgumentError(`the inner lengths ${k} and ${inner} of ${both()} differ.`);
  const batch = commonShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (!batch) throw new ArgumentError(`the batches of ${both()} do not broadcast.`);
  return batch;
}

/**
 * C = A B with equal batches. dA = dC Bᵀ and dB = Aᵀ dC; an operand that is stored transposed gets the transposed gradient.
 */
function batchedMatmul(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  const batch = a.shape.slice(0, -2);
  const [m, k] = transposeA ? [a.shape[a.rank - 1], a.shape[a.rank - 2]] : a.shape.slice(-2);
  const n = b.shape[b.rank - (transposeB ? 2 : 1)];
  const spec = { batch: sizeOf(batch), m, k, n, transposeA, transposeB };
  return operation(
    [a, b],
    [...batch, m, n],
    (backend) => backend.matmul(a.operand.buffer, b.operand.buffer, spec),
    () => [
      (dy) => (transposeA ? batchedMatmul(b, dy, transposeB, true) : batchedMatmul(dy, b, false, !transposeB)),
      (dy) => (transposeB ? batchedMatmul(dy, a, true, transposeA) : batchedMatmul(a, dy, !transposeA, false)),
    ],
    [[1], [0]],
  );
}
