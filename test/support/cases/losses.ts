import fc from 'fast-check';
import { crossEntropy, mse } from '../../../src/index.ts';
import { sizeOf } from '../../../src/tensor/shape.ts';
import { arrays, broadcastingShapes, shapes } from '../strategies.ts';
import { alongRows, at, build, commonShape, softmaxOf, total } from '../values.ts';
import type { Case, Cases, Operations } from './case.ts';

const crossEntropyCases: Cases = (size) =>
  shapes(size, 2).chain((shape) => {
    const classes = shape[shape.length - 1];
    const rows = sizeOf(shape.slice(0, -1));
    const target = fc.oneof({ weight: 4, arbitrary: fc.nat({ max: classes - 1 }) }, fc.constant(-100));
    return fc
      .tuple(
        arrays([shape]),
        // One row counts at least: the mean over none is not a number.
        fc.tuple(fc.nat({ max: classes - 1 }), fc.array(target, { minLength: rows - 1, maxLength: rows - 1 })),
        fc.constantFrom('mean' as const, 'sum' as const),
      )
      .map(([inputs, [first, others], reduction]): Case => {
        const targets = [first, ...others];
        return {
          inputs,
          apply: (logits) => crossEntropy(logits, targets, { reduction }),
          expected: (logits) => {
            const p = alongRows(logits, softmaxOf).values;
            const losses = targets.map((t, row) => (t < 0 ? 0 : -Math.log(p[row * classes + t])));
            const count = reduction === 'mean' ? targets.filter((t) => t >= 0).length : 1;
            return { shape: [], values: [total(losses) / count] };
          },
        };
      });
  });

const mseCases: Cases = (size) =>
  fc
    .tuple(
      broadcastingShapes(size, 2).chain((both) => arrays(both)),
      fc.constantFrom('mean' as const, 'sum' as const),
    )
    .map(
      ([inputs, reduction]): Case => ({
        inputs,
        apply: (a, b) => mse(a, b, { reduction }),
        expected: (a, b) => {
          const squares = build(commonShape(a, b), (i) => (at(a, i) - at(b, i)) ** 2).values as number[];
          return { shape: [], values: [total(squares) / (reduction === 'mean' ? squares.length : 1)] };
        },
      }),
    );

export const losses: Operations = {
  crossEntropy: { cases: crossEntropyCases },
  mse: { cases: mseCases },
};
