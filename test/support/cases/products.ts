import fc from 'fast-check';
import { erf } from '../../../src/backends/reference/erf.ts';
import { bottleneck, linear, matmul, Random, type Tensor } from '../../../src/index.ts';
import { counterUniform } from '../../../src/random/counter.ts';
import { onGpu } from '../gpu.ts';
import { arrays, broadcastingShapes, length, type Size } from '../strategies.ts';
import { at, build, commonShape, range, total, type Values } from '../values.ts';
import type { Case, Cases, Operations } from './case.ts';
import { sparseLinearCases } from './sparse.ts';

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

/** The value of f at a number, by the name of the activation. */
const functions = {
  gelu: (x: number) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  gelu_new: (x: number) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  swish: (x: number) => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  relu: (x: number) => Math.max(x, 0),
};
/** relu has a kink that differences of values would meet. */
const smooth = ['gelu', 'gelu_new', 'swish', 'tanh'] as const;

const DROPOUT = 0.4;
/** The inputs that a bottleneck may have, and how it is used. */
const bottleneckCases: Cases = (size) =>
  fc
    .record({
      hidden: length(size),
      inner: fc.integer({ min: 1, max: size === 'small' ? 3 : 20 }),
      activation: fc.constantFrom(...(size === 'small' ? smooth : ([...smooth, 'relu'] as const))),
      scale: fc.constantFrom(1, 2.5),
      residual: fc.constantFrom('none', 'x', 'other'),
      masks: fc.subarray(['downMask', 'upMask'] as const),
      drops: fc.boolean(),
    })
    .chain(({ hidden, inner, activation, scale, residual, masks, drops }) =>
      rowsOf(size, hidden).chain((x) => {
        const maskShapes = { downMask: [inner, hidden], upMask: [hidden, inner] };
        const optional = [...(residual === 'other' ? ['residual'] : []), ...masks];
        const shapes = [x, [inner, hidden], [inner], [hidden, inner], [hidden]];
        const optionalShapes = optional.map((name) => (name === 'residual' ? x : maskShapes[name as 'upMask']));
        /** The optional inputs by their names. */
        const named = <T>(values: readonly T[]): { [name: string]: T | undefined } =>
          Object.fromEntries(optional.map((name, i) => [name, values[shapes.length + i]]));
        return arrays([...shapes, ...optionalShapes]).map(
          (inputs): Case => ({
            inputs,
            apply: (...all) => {
              const [t, down, downBias, up, upBias] = all;
              const { residual: other, ...given } = named(all);
              const dropout = drops ? { p: DROPOUT, random: new Random(7) } : null;
              const options = { activation, scale, residual: residual === 'x' ? t : other, dropout };
              return bottleneck(t, { down, downBias, up, upBias, ...given }, options);
            },
            expected: (...all) => {
              const [t, down, downBias, up, upBias] = all;
              const { residual: other, downMask, upMask } = named(all);
              const seed = new Random(7).uint32();
              const { shape, values } = affine(t, masked(down, downMask), downBias);
              const kept = Array.from(values, (p, i) => {
                const isDropped = drops && counterUniform(seed, i) < Math.fround(DROPOUT);
                return isDropped ? 0 : functions[activation](p) / (drops ? 1 - DROPOUT : 1);
              });
              const added = affine({ shape, values: kept }, masked(up, upMask), upBias);
              const base = residual === 'x' ? t : other;
              return build(t.shape, (i) => (base ? at(base, i) : 0) + scale * at(added, i));
            },
          }),
        );
      }),
    );

const masked = (weight: Values, mask?: Values): Values =>
  mask ? build(weight.shape, (i) => at(weight, i) * at(mask, i)) : weight;

export const products: Operations = {
  matmul: { cases: matmulCases },
  linear: { cases: onGpu ? linearCases : (size) => fc.oneof(linearCases(size), sparseLinearCases(size)) },
  bottleneck: { cases: bottleneckCases },
};
