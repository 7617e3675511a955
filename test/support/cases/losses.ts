import fc from 'fast-check';
import { binaryCrossEntropyWithLogits, crossEntropy, mse } from '../../../src/index.ts';
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
        fc.option(fc.array(fc.integer({ min: 1, max: 8 }), { minLength: classes, maxLength: classes })),
        fc.constantFrom(0, 0.25, 1),
      )
      .map(([inputs, [first, others], reduction, eighths, labelSmoothing]): Case => {
        const targets = [first, ...others];
        const weight = eighths?.map((eighth) => eighth / 8);
        return {
          inputs,
          apply: (logits) => crossEntropy(logits, targets, { reduction, labelSmoothing, ...(weight && { weight }) }),
          expected: (logits) => {
            const p = alongRows(logits, softmaxOf).values;
            const weightOf = (c: number) => weight?.[c] ?? 1;
            const even = labelSmoothing / classes;
            const losses = targets.map((t, row) => {
              if (t < 0) return 0;
              const of = (c: number) => -weightOf(c) * Math.log(p[row * classes + c]);
              return (1 - labelSmoothing) * of(t) + even * total(Array.from({ length: classes }, (_, c) => of(c)));
            });
            const count = reduction === 'mean' ? total(targets.map((t) => (t < 0 ? 0 : weightOf(t)))) : 1;
            return { shape: [], values: [total(losses) / count] };
          },
        };
      });
  });

const binaryCases: Cases = (size) =>
  fc
    .tuple(
      shapes(size, 0).chain((shape) => arrays([shape, shape])),
      fc.constantFrom('mean' as const, 'sum' as const),
    )
    .map(
      ([inputs, reduction]): Case => ({
        inputs,
        apply: (logits, targets) => binaryCrossEntropyWithLogits(logits, targets, { reduction }),
        expected: (logits, targets) => {
          const losses = Array.from(logits.values, (x, i) => {
            const p = 1 / (1 + Math.exp(-x));
            return -targets.values[i] * Math.log(p) - (1 - targets.values[i]) * Math.log(1 - p);
          });
          return { shape: [], values: [total(losses) / (reduction === 'mean' ? losses.length : 1)] };
        },
      }),
    );

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
  binaryCrossEntropyWithLogits: { cases: binaryCases },
  mse: { cases: mseCases },
};
