import fc from 'fast-check';
import { dropout, layerNorm, logSoftmax, Random, softmax, type Tensor } from '../../../src/index.ts';
import { counterUniform } from '../../../src/random/counter.ts';
import { arrays, shapes } from '../strategies.ts';
import { alongRows, permuted, range, softmaxOf, total } from '../values.ts';
import type { Case, Cases, OperationSpec, Operations } from './case.ts';

/** Along one axis, which may be counted from the end. */
function alongOneAxis(apply: (x: Tensor, axis: number) => Tensor, f: (row: number[]) => number[]): OperationSpec {
  return {
    cases: (size) =>
      shapes(size, 1).chain((shape) =>
        fc
          .tuple(arrays([shape]), fc.integer({ min: -shape.length, max: shape.length - 1 }))
          .map(([inputs, axis]): Case => {
            const last = shape.length - 1;
            const order = range(shape.length);
            const along = axis < 0 ? axis + shape.length : axis;
            [order[along], order[last]] = [order[last], order[along]];
            return {
              inputs,
              apply: (x) => apply(x, axis),
              expected: (x) => permuted(alongRows(permuted(x, order), f), order),
            };
          }),
      ),
  };
}

const layerNormCases: Cases = (size) =>
  fc.tuple(shapes(size, 1), fc.constantFrom(0.125, 1e-3)).chain(([shape, eps]) => {
    const n = shape[shape.length - 1];
    return fc.tuple(arrays([shape], 'distinct'), arrays([[n], [n]])).map(
      ([[x], [weight, bias]]): Case => ({
        inputs: [x, weight, bias],
        apply: (t, w, b) => layerNorm(t, w, b, eps),
        expected: (t, w, b) =>
          alongRows(t, (row) => {
            const mu = total(row) / n;
            const deviation = Math.sqrt(total(row.map((v) => (v - mu) ** 2)) / n + eps);
            return row.map((v, i) => ((v - mu) / deviation) * w.values[i] + b.values[i]);
          }),
      }),
    );
  });

const dropoutCases: Cases = (size) =>
  shapes(size).chain((shape) =>
    fc.tuple(arrays([shape]), fc.constantFrom(0, 0.1, 0.5, 0.9), fc.nat()).map(
      ([inputs, p, seed]): Case => ({
        inputs,
        apply: (x) => dropout(x, p, new Random(seed)),
        expected: ({ values }) => {
          const counterSeed = new Random(seed).uint32();
          const kept = (i: number) => p === 0 || counterUniform(counterSeed, i) >= p;
          return { shape, values: Array.from(values, (x, i) => (kept(i) ? x / (1 - p) : 0)) };
        },
      }),
    ),
  );

export const normalizations: Operations = {
  softmax: alongOneAxis(softmax, softmaxOf),
  logSoftmax: alongOneAxis(logSoftmax, (row) => softmaxOf(row).map(Math.log)),
  layerNorm: { cases: layerNormCases },
  dropout: { cases: dropoutCases },
};
