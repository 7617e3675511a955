import fc from 'fast-check';
import { bottleneck, linear, matmul, type Tensor, tanh } from '../../../src/index.ts';
import { arrays, broadcastingShapes, length, type Size } from '../strategies.ts';
import { at, build, commonShape, range, total, type Values } from '../values.ts';
import type { Case, Cases, Operations } from './case.ts';

/** The product of the matrices that a and b hold at `batch`. */
function dot(a: Values, b: Values, transposeA: boolean, transposeB: boolean): Values {
  const [rowsA, columnsA] = a.shape.slice(-2);
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const n = b.shape[b.shape.length - (transposeB ? 2 : 1)];
  const batch = commonShape({ shape: a.shape.slice(0, -2) }, { shape: b.shape.slice(0, -2) });
  return build([...batch, m, n], (index) => {
    const outer = index.slice(0, -2);
    const [i, j] = index.slice(-2);
    // Axes of length 1 broadcast in `at`, also an inner axis, whose only index is 0.
    return total(
      range(k).map((l) => {
        const x = at(a, [...outer, ...(transposeA ? [l, i] : [i, l])]);
        return x * at(b, [...outer, ...(transposeB ? [j, l] : [l, j])]);
      }),
    );
  });
}

const matmulCases: Cases = (size) =>
  fc
    .tuple(
      broadcastingShapes('small', 2).filter((both) => both.every((shape) => shape.length <= 2)),
      length(size),
      length(size),
      length(size),
      fc.boolean(),
      fc.boolean(),
    )
    .chain(([[batchA, batchB], m, k, n, transposeA, transposeB]) =>
      arrays([
        [...batchA, ...(transposeA ? [k, m] : [m, k])],
        [...batchB, ...(transposeB ? [n, k] : [k, n])],
      ]).map((inputs) => ({
        inputs,
        apply: (a, b) => matmul(a, b, { transposeA, transposeB }),
        expected: (a, b) => dot(a, b, transposeA, transposeB),
      })),
    );

/** x Wᵀ + b by sums. */
function affine(x: Values, weight: Values, bias?: Values): Values {
  const inner = weight.shape[1];
  return build([...x.shape.slice(0, -1), weight.shape[0]], (index) => {
    const [row, out] = [index.slice(0, -1), index[index.length - 1]];
    const products = range(inner).map((l) => at(x, [...row, l]) * at(weight, [out, l]));
    return total(products) + (bias ? at(bias, [out]) : 0);
  });
}

/** Shapes [..., width] with few leading axes. */
const rowsOf = (size: Size, width: number): fc.Arbitrary<number[]> =>
  fc.oneof(
    fc.constant<number[]>([width]),
    length(size).map((rows) => [rows, width]),
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 })).map(([a, b]) => [a, b, width]),
  );

const linearCases: Cases = (size) =>
  fc
    .tuple(length(size), length(size), fc.boolean())
    .chain(([inner, out, withBias]) =>
      rowsOf(size, inner).chain((x) =>
        arrays([x, [out, inner], ...(withBias ? [[out]] : [])]).map(
          (inputs): Case => ({ inputs, apply: (t, w, b?: Tensor) => linear(t, w, b), expected: affine }),
        ),
      ),
    );

const bottleneckCases: Cases = (size) =>
  fc.tuple(length(size), fc.integer({ min: 1, max: 3 })).chain(([hidden, inner]) =>
    rowsOf(size, hidden).chain((x) =>
      arrays([x, [inner, hidden], [inner], [hidden, inner], [hidden]]).map(
        (inputs): Case => ({
          inputs,
          apply: (t, down, downBias, up, upBias) => bottleneck(t, down, downBias, up, upBias, tanh),
          expected: (t, down, downBias, up, upBias) => {
            const { shape, values } = affine(t, down, downBias);
            return affine({ shape, values: Array.from(values, Math.tanh) }, up, upBias);
          },
        }),
      ),
    ),
  );

export const products: Operations = {
  matmul: { cases: matmulCases },
  linear: { cases: linearCases },
  bottleneck: { cases: bottleneckCases },
};
