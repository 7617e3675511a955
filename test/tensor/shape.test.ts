import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  broadcastShapes,
  broadcastStrides,
  normalizeAxis,
  sameShape,
  sizeOf,
  stridesOf,
} from '../../src/tensor/shape.ts';
import { broadcastingShapes, shapes } from '../support/strategies.ts';
import { at, build, commonShape } from '../support/values.ts';

const test = suite('tensor: shapes');

const options = { seed: 1, numRuns: 200 };

test('shapes that broadcast have one common shape, whatever their order', () => {
  fc.assert(
    fc.property(broadcastingShapes('large', 3), (all) => {
      const common = broadcastShapes(...all);
      assert.deepEqual(common, commonShape(...all.map((shape) => ({ shape }))));
      assert.deepEqual(broadcastShapes(...all.toReversed()), common);
      assert.deepEqual(broadcastShapes(common, ...all), common);
    }),
    options,
  );
});

test('an axis of length 0 broadcasts with length 1 only', () => {
  assert.deepEqual(broadcastShapes([0, 3], [1, 3]), [0, 3]);
  assert.throws(() => broadcastShapes([0], [2]), /Shapes \[0\] and \[2\] do not broadcast/);
});

test('shapes that differ in an axis of other lengths do not broadcast, in any order', () => {
  for (const pair of [
    [
      [2, 3],
      [3, 2],
    ],
    [[4], [2, 3]],
    [
      [2, 1, 3],
      [4, 2, 2],
    ],
  ]) {
    assert.throws(() => broadcastShapes(...pair), /Shapes \[.*\] and \[.*\] do not broadcast/);
    assert.throws(() => broadcastShapes(...pair.reverse()), /Shapes \[.*\] and \[.*\] do not broadcast/);
  }
});

test('strides lead to the element at an index, also where it is repeated', () => {
  fc.assert(
    fc.property(broadcastingShapes('small', 2), ([a, b]) => {
      const shape = broadcastShapes(a, b);
      const array = { shape: a, values: Array.from({ length: sizeOf(a) }, (_, i) => i) };
      const strides = broadcastStrides(a, shape);
      build(shape, (index) => {
        const offset = index.reduce((sum, i, axis) => sum + i * strides[axis], 0);
        assert.equal(offset, at(array, index));
        return 0;
      });
    }),
    options,
  );
});

test('an array of any shape has as many elements as its first stride and length say', () => {
  fc.assert(
    fc.property(shapes('large', 1), (shape) => {
      assert.equal(stridesOf(shape)[0] * shape[0], sizeOf(shape));
      assert.ok(sameShape(shape, [...shape]));
      assert.ok(!sameShape(shape, [...shape, 1]));
    }),
    options,
  );
  assert.equal(sizeOf([]), 1);
});

test('an axis counts from either end', () => {
  assert.deepEqual(
    [0, 2, -1, -3].map((axis) => normalizeAxis(axis, 3)),
    [0, 2, 2, 0],
  );
  for (const axis of [3, -4, 0.5, Number.NaN]) {
    assert.throws(() => normalizeAxis(axis, 3), new RegExp(`Axis ${axis} is outside a tensor of rank 3`));
  }
});

test.run();
