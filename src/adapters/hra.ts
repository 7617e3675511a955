import { type Initializer, kaimingUniformInit } from '../nn/index.ts';
import { div, mul, sub } from '../ops/arithmetic.ts';
import { slice } from '../ops/layout.ts';
import { matmul } from '../ops/matmul.ts';
import { sum } from '../ops/reduce.ts';
import { sqrt } from '../ops/unary.ts';
import { boolean, names, option, positiveInteger } from '../settings/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { changedWeights } from './changed-weight.ts';
import { defineFamily } from './family.ts';

/** Columns [in, rank] that are equal in pairs, so that the reflections undo each other. */
const inPairs: Initializer = (shape, random) => {
  const [rows, rank] = shape;
  const values = kaimingUniformInit(shape, random);
  for (let row = 0; row < rows; row++) {
    for (let column = 1; column < rank; column += 2) values[row * rank + column] = values[row * rank + column - 1];
  }
  return values;
};

const columnsOf = (matrix: Tensor): Tensor[] => {
  const [rows, columns] = matrix.shape;
  return Array.from({ length: columns }, (_, j) => slice(matrix, [0, j], [rows, j + 1]));
};

const inner = (a: Tensor, b: Tensor): Tensor => sum(mul(a, b), { axis: 0, keepDims: true }); // [1, 1]

const unit = (column: Tensor): Tensor => div(column, sqrt(inner(column, column)));

/** Gram-Schmidt: orthonormal columns that span the same. */
function orthonormal(columns: readonly Tensor[]): Tensor[] {
  const done: Tensor[] = [];
  for (const column of columns) {
    done.push(unit(done.reduce((rest, other) => sub(rest, mul(other, inner(other, rest))), column)));
  }
  return done;
}

/** W (I - 2 u uᵀ) for a unit column u [in, 1]. */
const reflected = (weight: Tensor, u: Tensor): Tensor =>
  sub(weight, mul(matmul(matmul(weight, u), u, { transposeB: true }), 2));

/**
 * HRA (Yuan et al., 2024): W H₁ H₂ ... with Householder reflections H = I - 2 u uᵀ of the columns of `hra_u` [in, rank] at length 1,
 * or of what Gram-Schmidt makes of them. The starting values are PEFT's.
 */
export const hra = defineFamily({
  kind: 'hra',
  summary: 'chains of Householder reflections',
  options: {
    rank: option(positiveInteger, { description: 'reflections of each layer', default: 8 }),
    gramSchmidt: option(boolean, { description: 'make their directions orthogonal', default: false }),
    targetModules: option(names, {
      description: 'linear layers, by the end of their path',
      default: ['query', 'value'],
    }),
  },
  hasPrunable: false,
  isOnlyLoaded: true,
  title: ({ rank }) => `hra ${rank}`,
  build: (context, { rank, gramSchmidt, targetModules }) =>
    changedWeights('hra', context, targetModules, ({ inner: width }) => ({
      tensors: { hra_u: [[width, rank], inPairs] },
      changed: (weight, { hra_u: u }) =>
        (gramSchmidt ? orthonormal(columnsOf(u)) : columnsOf(u).map(unit)).reduce(reflected, weight),
    })),
});
