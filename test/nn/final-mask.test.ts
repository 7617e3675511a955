import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { grad, linear, memory, mul, ones, sum, type Tensor, tensor, tidy } from '../../src/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import { onGpu } from '../support/gpu.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { maskOf, weightsOf } from '../support/parameters.ts';
import { forAllAsync } from '../support/property.ts';
import { range } from '../support/values.ts';
import '../support/sparse.ts';

const test = suite('nn: final masks');

/** A matrix of sixteenths that are not 0, and a mask: any, with nothing or all of it, or with a single weight. */
const masked = fc
  .record({ rows: fc.integer({ min: 1, max: 6 }), columns: fc.integer({ min: 1, max: 9 }) })
  .chain(({ rows, columns }) => {
    const size = rows * columns;
    const exactly = { minLength: size, maxLength: size };
    return fc.record({
      shape: fc.constant([rows, columns]),
      values: fc.array(fc.integer({ min: 1, max: 40 }), exactly).map((xs) => xs.map((x) => (x - 20.5) / 16)),
      mask: fc.oneof(
        { weight: 4, arbitrary: fc.array(fc.constantFrom(0, 1), exactly) },
        fc.constantFrom(0, 1).map((kept) => range(size).map(() => kept)),
        fc.nat(size - 1).map((one) => range(size).map((i) => Number(i === one))),
      ),
    });
  });

const kept = <T>(values: readonly T[], mask: readonly number[]): T[] => values.filter((_, i) => mask[i] !== 0);
const gradientOf = (loss: () => Tensor, { value }: Parameter): number[] =>
  tidy(() => Array.from(grad(loss(), value).dataSync(), (g) => g + 0));

if (!onGpu) {
  onEveryBackend(test, 'a matrix with a final mask holds its kept weights, and computes what it did', () =>
    forAllAsync(masked, async ({ shape, values, mask }) => {
      const parameter = new Parameter('w', values, shape);
      parameter.setMask(mask);
      const coefficients = tidy(() => tensor(values.map((_, i) => i - 3)).dataSync());
      const loss = () => sum(mul(parameter.tensor(), tensor(coefficients, shape)));
      const before = [gradientOf(loss, parameter), tidy(() => loss().item())] as const;
      parameter.fixMask();

      assert.deepEqual([parameter.mask, parameter.pattern?.kept], [null, kept(values, mask).length]);
      assert.deepEqual([parameter.isPruned, parameter.size], [true, values.length]);
      assert.deepEqual([...parameter.value.dataSync()], kept(values, mask));
      assert.deepEqual(parameter.keptCount(), kept(values, mask).length);
      assert.deepEqual(Array.from((await parameter.keptPlaces()) ?? []), mask);
      const whole = values.map((w, i) => w * mask[i] + 0);
      assert.deepEqual(Array.from(await parameter.data()), whole);
      assert.deepEqual(gradientOf(loss, parameter), kept(before[0], mask));
      assert.ok(Math.abs(tidy(() => loss().item()) - before[1]) < 1e-4);
      const rows = tidy(() => linear(ones([2, shape[1]]), parameter.matrix()).arraySync());
      const sums = range(shape[0]).map((r) => whole.slice(r * shape[1], (r + 1) * shape[1]).reduce((a, b) => a + b));
      assert.deepEqual(rows, [sums, sums]);

      parameter.openMask();
      assert.deepEqual([parameter.pattern, maskOf(parameter), weightsOf(parameter)], [null, mask, whole]);
      assert.deepEqual(gradientOf(loss, parameter), before[0]);
      parameter.dispose();
    }),
  );

  onEveryBackend(test, 'stored values of kept weights give the same, whatever was there before', () =>
    forAllAsync(
      fc.tuple(masked, fc.boolean(), fc.boolean()),
      async ([{ shape, values, mask }, wasMasked, wasFinal]) => {
        const start = range(values.length).map((i) => i + 1);
        const parameter = new Parameter('w', start, shape);
        if (wasMasked) parameter.setMask(start.map((i) => i % 2));
        if (wasFinal) parameter.fixMask();
        parameter.loadKept(kept(values, mask), mask);
        const whole = values.map((w, i) => w * mask[i] + 0);
        assert.deepEqual([parameter.mask, maskOf(parameter), weightsOf(parameter)], [null, mask, whole]);
        parameter.load(values, null);
        assert.deepEqual([parameter.isPruned, weightsOf(parameter)], [false, values]);
        parameter.dispose();
      },
    ),
  );

  onEveryBackend(
    test,
    'what changes a masked weight changes one whose mask is final, and leaves nothing behind',
    () => {
      const none = memory();
      tidy(() => changeAll());
      assert.deepEqual(memory(), none);
    },
  );

  const changeAll = () => {
    const parameter = new Parameter('w', [1, 2, 3, 4, 5, 6], [2, 3]);
    const mask = [1, 0, 1, 0, 0, 1];
    parameter.setMask(mask);
    parameter.fixMask();
    const snapshot = parameter.snapshot();
    parameter.assign(tensor([7, 7, 8, 7, 7, 9], [2, 3]));
    assert.deepEqual(weightsOf(parameter), [7, 0, 8, 0, 0, 9]);
    parameter.assign(tensor([1, 2, 4]));
    assert.deepEqual(weightsOf(parameter), [1, 0, 2, 0, 0, 4]);
    assert.throws(() => parameter.assign(ones([2])), /w: \[2\] cannot replace a weight \[2, 3\]/);
    assert.throws(() => parameter.assign(ones([6])), /w: \[6\] cannot replace a weight \[2, 3\]/);
    assert.throws(() => parameter.loadKept([1, 2], mask), /w: 2 values for 3 kept weights/);
    assert.throws(() => parameter.loadKept([1], [1]), /do not fit/);
    parameter.trainable = false;
    assert.equal(parameter.matrix() === parameter.value, false);
    assert.equal(parameter.tensor().requiresGrad, false);
    parameter.trainable = true;
    assert.equal(parameter.value.requiresGrad, true);
    parameter.setMask([1, 1, 0, 0, 0, 0]);
    assert.deepEqual([weightsOf(parameter), parameter.pattern], [[1, 0, 0, 0, 0, 0], null]);
    parameter.setMask(null);
    assert.deepEqual([parameter.isPruned, parameter.keptCount()], [false, 6]);

    const other = new Parameter('v', [0, 0, 0, 0, 0, 0], [2, 3]);
    for (const each of [parameter, other]) {
      each.restore(snapshot);
      assert.deepEqual([weightsOf(each), maskOf(each), each.keptCount()], [[1, 0, 3, 0, 0, 6], mask, 3]);
    }
    const vector = new Parameter('u', [1, 2, 3], [3]);
    assert.throws(() => vector.restore(snapshot), /u: \[2, 3\] cannot replace .* \[3\]/);
    assert.throws(() => parameter.hold('float16'), /w is trained or pruned/);
    for (const held of [snapshot, parameter, other, vector]) held.dispose();
  };

  onEveryBackend(test, 'no mask, and that of what is no matrix, stays as it is', () => {
    const matrix = new Parameter('w', [1, 2], [1, 2]);
    matrix.fixMask();
    matrix.openMask();
    assert.deepEqual([matrix.isPruned, matrix.pattern], [false, null]);
    const vector = new Parameter('b', [1, 2], [2]);
    vector.setMask([1, 0]);
    vector.fixMask();
    assert.deepEqual([vector.pattern, maskOf(vector), weightsOf(vector)], [null, [1, 0], [1, 0]]);
    vector.loadKept([5], [0, 1]);
    assert.deepEqual([vector.pattern, maskOf(vector), weightsOf(vector)], [null, [0, 1], [0, 5]]);
  });
} else {
  onEveryBackend(test, 'a backend without sparse products keeps the mask', () => {
    const parameter = new Parameter('w', [1, 2, 3, 4], [2, 2]);
    parameter.setMask([1, 0, 1, 1]);
    parameter.fixMask();
    assert.equal(parameter.pattern, null);
    assert.equal(parameter.mask?.shape.join(), '2,2');
    parameter.loadKept([5, 6], [0, 1, 1, 0]);
    assert.deepEqual([parameter.pattern, parameter.keptCount()], [null, 2]);
  });
}

test.run();
