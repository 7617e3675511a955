import fc from 'fast-check';
import { broadcastTo, concat, pad, permute, reshape, slice, sliceRows, transpose } from '../../../src/index.ts';
import { arrays, blocks, broadcastingShapes, shapes } from '../strategies.ts';
import { at, build, commonShape, permuted, range, total } from '../values.ts';
import type { Case, Cases, Operations } from './case.ts';

const broadcastCases: Cases = (size) =>
  broadcastingShapes(size, 2).chain(([from, like]) => {
    const shape = commonShape({ shape: from }, { shape: like });
    return arrays([from]).map((inputs) => ({
      inputs,
      apply: (x) => broadcastTo(x, shape),
      expected: (x) => build(shape, (i) => at(x, i)),
    }));
  });

const reshapeCases: Cases = (size) =>
  shapes(size).chain((shape) =>
    fc.tuple(arrays([shape]), fc.shuffledSubarray(shape, { minLength: shape.length }), fc.boolean()).map(
      ([inputs, lengths, unknown]): Case => ({
        inputs,
        apply: (x) => reshape(x, unknown ? [...lengths, -1] : [1, ...lengths]),
        expected: ({ values }) => ({ values, shape: unknown ? [...lengths, 1] : [1, ...lengths] }),
      }),
    ),
  );

const permuteCases: Cases = (size) =>
  shapes(size).chain((shape) =>
    fc.tuple(arrays([shape]), fc.shuffledSubarray(range(shape.length), { minLength: shape.length })).map(
      ([inputs, order]): Case => ({
        inputs,
        apply: (x) => permute(x, order),
        expected: (x) => permuted(x, order),
      }),
    ),
  );

const transposeCases: Cases = (size) =>
  shapes(size, 2).chain((shape) => {
    const axis = fc.integer({ min: -shape.length, max: shape.length - 1 });
    return fc
      .tuple(arrays([shape]), fc.option(fc.tuple(axis, axis), { nil: undefined }))
      .map(([inputs, axes]): Case => {
        const [i, j] = (axes ?? [-2, -1]).map((n) => (n < 0 ? n + shape.length : n));
        const order = range(shape.length);
        [order[i], order[j]] = [order[j], order[i]];
        return {
          inputs,
          apply: (x) => (axes ? transpose(x, ...axes) : transpose(x)),
          expected: (x) => permuted(x, order),
        };
      });
  });

const sliceCases: Cases = (size) =>
  shapes(size).chain((shape) =>
    fc.tuple(arrays([shape]), blocks(shape)).map(([inputs, { starts, lengths }]): Case => {
      const ends = starts.map((start, axis) => start + lengths[axis]);
      return {
        inputs,
        apply: (x) => slice(x, starts, ends),
        expected: (x) =>
          build(lengths, (index) =>
            at(
              x,
              index.map((i, axis) => i + starts[axis]),
            ),
          ),
      };
    }),
  );

const sliceRowsCases: Cases = (size) =>
  shapes(size, 1).chain((shape) =>
    fc.tuple(arrays([shape]), blocks(shape.slice(0, 1))).map(
      ([
        inputs,
        {
          starts: [start],
          lengths: [count],
        },
      ]): Case => ({
        inputs,
        apply: (x) => sliceRows(x, start, start + count),
        expected: (x) => build([count, ...shape.slice(1)], ([row, ...rest]) => at(x, [row + start, ...rest])),
      }),
    ),
  );

const padCases: Cases = (size) =>
  shapes(size).chain((shape) =>
    blocks(shape).chain(({ starts, lengths }) =>
      arrays([lengths]).map(
        (inputs): Case => ({
          inputs,
          apply: (x) => pad(x, starts, shape),
          expected: (x) =>
            build(shape, (index) => {
              const inner = index.map((i, axis) => i - starts[axis]);
              return inner.every((i, axis) => i >= 0 && i < lengths[axis]) ? at(x, inner) : 0;
            }),
        }),
      ),
    ),
  );

const concatCases: Cases = (size) =>
  fc.tuple(shapes(size, 1), fc.integer({ min: 1, max: 3 })).chain(([shape, count]) =>
    fc
      .tuple(
        fc.integer({ min: -shape.length, max: shape.length - 1 }),
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: count, maxLength: count }),
      )
      .chain(([axis, lengths]) => {
        const along = axis < 0 ? axis + shape.length : axis;
        const parts = lengths.map((n) => shape.map((own, i) => (i === along ? n : own)));
        const whole = shape.map((own, i) => (i === along ? total(lengths) : own));
        return arrays(parts).map(
          (inputs): Case => ({
            inputs,
            apply: (...xs) => concat(xs, axis),
            expected: (...xs) =>
              build(whole, (index) => {
                let [part, i] = [0, index[along]];
                while (i >= lengths[part]) i -= lengths[part++];
                return at(
                  xs[part],
                  index.map((own, other) => (other === along ? i : own)),
                );
              }),
          }),
        );
      }),
  );

export const layout: Operations = {
  broadcastTo: { cases: broadcastCases },
  reshape: { cases: reshapeCases },
  permute: { cases: permuteCases },
  transpose: { cases: transposeCases },
  slice: { cases: sliceCases },
  sliceRows: { cases: sliceRowsCases },
  pad: { cases: padCases },
  concat: { cases: concatCases },
};
