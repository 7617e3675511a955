/**
 * Operations on sparse matrices. With W(v) for the matrix of kept values v, each is linear in v and in its other operand, and their derivatives
 * are again these operations; `src/backends/reference/sparse.ts` has the formulas.
 */
import type { SparseOperand } from '../backends/backend.ts';
import { define } from '../tensor/define.ts';
import { ArgumentError, formatShape, sameShape } from '../tensor/shape.ts';
import { type SparseMatrix, type SparsePattern, sparseProducts } from '../tensor/sparse.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { operation } from './operation.ts';
import { sum } from './reduce.ts';

const operandOf = (values: Tensor, { places }: SparsePattern): SparseOperand => ({
  values: values.operand.buffer,
  places: places.opaqueBuffer,
});

/**
 * W with its zeros, for all that knows no sparse matrices. Its derivative is read at the kept places.
 *
 * @returns [rows, columns]
 */
export const toDense = define('toDense', ({ pattern, values }: SparseMatrix): Tensor => {
  return operation(
    [values],
    pattern.shape,
    (backend) => sparseProducts(backend).toDense(operandOf(values, pattern)),
    () => [(dy) => keptValues(dy, pattern)],
    'nothing',
    [pattern.places],
  );
});

/**
 * The values of a dense matrix at the kept places of a pattern: the `values` of a {@link SparseMatrix}.
 *
 * @param x [rows, columns]
 * @returns [kept]
 */
export const keptValues = define('keptValues', (x: Tensor, pattern: SparsePattern): Tensor => {
  if (!sameShape(x.shape, pattern.shape)) {
    throw new ArgumentError(
      `x ${formatShape(x.shape)} has not the shape of the pattern, ${formatShape(pattern.shape)}.`,
    );
  }
  return operation(
    [x],
    [pattern.kept],
    (backend) => sparseProducts(backend).keptValues(x.operand.buffer, pattern.places.opaqueBuffer),
    () => [(dy) => toDense({ pattern, values: dy })],
    'nothing',
    [pattern.places],
  );
});

/**
 * The product yᵀ x at the kept places (r, c) of a pattern alone: Σ_t y[t, r] x[t, c].
 *
 * @param y [n, rows]
 * @param x [n, columns]
 * @returns [kept]
 */
export const sampledMatmul = define('sampledMatmul', (y: Tensor, x: Tensor, pattern: SparsePattern): Tensor => {
  const [rows, columns] = pattern.shape;
  if (!sameShape(y.shape, [x.shape[0], rows]) || !sameShape(x.shape, [y.shape[0], columns])) {
    throw new ArgumentError(
      `y and x ${formatShape(y.shape)}, ${formatShape(x.shape)} do not fit the pattern ${formatShape(pattern.shape)}; they must be [n, rows] and [n, columns].`,
    );
  }
  return operation(
    [y, x],
    [pattern.kept],
    (backend) => sparseProducts(backend).sampledMatmul(y.operand, x.operand, pattern.places.opaqueBuffer),
    () => [
      (dv) => sparseLinear(x, { pattern, values: dv }, null), //
      (dv) => sparseMatmul(y, { pattern, values: dv }),
    ],
    [[1], [0]],
    [pattern.places],
  );
});

/** x W(v)ᵀ + bias of x [n, columns]: -> [n, rows] */
export function sparseLinear(x: Tensor, { pattern, values }: SparseMatrix, bias: Tensor | null): Tensor {
  const inputs: Tensor[] = bias ? [x, values, bias] : [x, values];
  return operation(
    inputs,
    [x.shape[0], pattern.shape[0]],
    (backend) => sparseProducts(backend).linear(x.operand, operandOf(values, pattern), bias?.operand ?? null),
    () => [
      (dy) => sparseMatmul(dy, { pattern, values }),
      (dy) => sampledMatmul(dy, x, pattern),
      (dy) => sum(dy, { axis: 0 }),
    ],
    [[1], [0], []],
    [pattern.places],
  );
}

/** y W(v) of y [n, rows]: -> [n, columns] */
export function sparseMatmul(y: Tensor, { pattern, values }: SparseMatrix): Tensor {
  return operation(
    [y, values],
    [y.shape[0], pattern.shape[1]],
    (backend) => sparseProducts(backend).matmul(y.operand, operandOf(values, pattern)),
    () => [
      (dx) => sparseLinear(dx, { pattern, values }, null), //
      (dx) => sampledMatmul(y, dx, pattern),
    ],
    [[1], [0]],
    [pattern.places],
  );
}
