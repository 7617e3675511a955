import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { grad, memory, mul, ones, sum, Tensor, tensor, tidy } from '../../src/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import { useBackend } from '../support/on-backend.ts';
import { forAllAsync } from '../support/property.ts';

const test = suite('nn: Parameter');
useBackend(test, 'reference');

const weights = (parameter: Parameter): number[] => Array.from(parameter.value.dataSync());
const seen = (parameter: Parameter): number[] => tidy(() => Array.from(parameter.tensor().dataSync()));

/** A matrix [rows, 3] of sixteenths that are not 0, and a mask of the same size. */
const masked = fc.integer({ min: 1, max: 5 }).chain((rows) => {
  const [minLength, maxLength] = [3 * rows, 3 * rows];
  return fc.record({
    values: fc
      .array(fc.integer({ min: 1, max: 40 }), { minLength, maxLength })
      .map((xs) => xs.map((x) => (x - 20.5) / 16)),
    mask: fc.array(fc.constantFrom(0, 1), { minLength, maxLength }),
  });
});

test('a mask sets weights to 0 and hides them from forward pass and gradient', () =>
  forAllAsync(masked, async ({ values, mask }) => {
    const parameter = new Parameter('w', values, [values.length / 3, 3]);
    parameter.setMask(mask);
    const kept = values.map((w, i) => w * mask[i] + 0);
    assert.deepEqual(weights(parameter), kept);
    assert.deepEqual(
      seen(parameter).map((w) => w + 0),
      kept,
    );
    const [gradient] = tidy(() =>
      grad(sum(mul(parameter.tensor(), tensor(values, parameter.shape))), [parameter.value]),
    );
    assert.deepEqual(
      Array.from(gradient.dataSync(), (g) => g + 0),
      kept,
    );
    assert.equal(parameter.keptCount(), mask.filter((m) => m === 1).length);
    assert.deepEqual(Array.from(parameter.mask?.dataSync() ?? []), mask);
  }));

test('a pruned weight stays 0 whatever is assigned', () =>
  forAllAsync(masked, async ({ values, mask }) => {
    const parameter = new Parameter('w', values, [values.length / 3, 3]);
    parameter.setMask(mask);
    parameter.assign(tensor(new Float32Array(values.length).fill(3), parameter.shape));
    assert.deepEqual(
      weights(parameter),
      mask.map((m) => 3 * m),
    );
    assert.equal(parameter.trainable, true);
  }));

test('without its mask a parameter trains everywhere again, from 0 where it was pruned', () => {
  const parameter = new Parameter('w', [1, 2, 3], [3]);
  parameter.setMask([1, 0, 1]);
  parameter.setMask(null);
  assert.equal(parameter.mask, null);
  assert.deepEqual(weights(parameter), [1, 0, 3]);
  assert.equal(parameter.keptCount(), 3);
  const [gradient] = tidy(() => grad(sum(parameter.tensor()), [parameter.value]));
  assert.deepEqual(Array.from(gradient.dataSync()), [1, 1, 1]);
});

test('a frozen weight borrows the tensor of another, and frees none but its own', () => {
  const owner = new Parameter('w', [1, 2, 3], [3], { trainable: false });
  const [user, other] = [1, 2].map(() => new Parameter('w', owner.value, [3], { trainable: false }));
  const before = memory().tensors;
  for (const parameter of [user, other]) parameter.borrow(owner);
  assert.equal(memory().tensors, before - 2);
  tidy(() => user.assign(tensor([4, 5, 6], [3])));
  assert.deepEqual(weights(user), [4, 5, 6]);
  for (const parameter of [user, other]) parameter.dispose();
  assert.deepEqual(weights(owner), [1, 2, 3]);
  owner.dispose();
  assert.equal(memory().tensors, before - 3);
});

test('a snapshot brings value and mask back, and nothing is read for it', async () => {
  const parameter = new Parameter('w', [1, 2, 3], [3]);
  parameter.setMask([1, 0, 1]);
  const read = Tensor.prototype.dataSync;
  Tensor.prototype.dataSync = () => assert.fail('a tensor was read');
  try {
    const before = parameter.snapshot();
    parameter.setMask([0, 0, 1]);
    parameter.assign(ones([3]));
    assert.equal(parameter.keptCount(), 1);
    parameter.restore(before);
    before.dispose();
    assert.equal(parameter.keptCount(), 2);
  } finally {
    Tensor.prototype.dataSync = read;
  }
  assert.deepEqual(weights(parameter), [1, 0, 3]);
  assert.deepEqual(Array.from(parameter.mask?.dataSync() ?? []), [1, 0, 1]);
  assert.throws(
    () => new Parameter('v', [1, 2], [2]).restore(parameter.snapshot()),
    /v: \[3\] cannot replace a weight \[2\]/,
  );
});

test('a value or mask that does not fit is an error and changes nothing', () => {
  const parameter = new Parameter('a.weight', [1, 2, 3, 4, 5, 6], [2, 3]);
  parameter.setMask([1, 1, 1, 1, 1, 0]);
  assert.throws(() => parameter.assign(ones([3, 2])), /a\.weight: \[3, 2\] cannot replace a weight \[2, 3\]/);
  assert.throws(() => parameter.assign(ones([6])), /a\.weight: \[6\] cannot replace/);
  assert.throws(() => parameter.setMask([1, 0]), /2 values do not fit the shape \[2, 3\]/);
  assert.throws(() => parameter.load([1, 2], null), /2 values do not fit the shape \[2, 3\]/);
  assert.deepEqual(seen(parameter), [1, 2, 3, 4, 5, 0]);
  assert.equal(parameter.keptCount(), 5);
});

test('a frozen parameter is a constant and keeps its value and mask', () => {
  const parameter = new Parameter('w', [1, 2], [2]);
  parameter.setMask([1, 0]);
  parameter.trainable = false;
  assert.equal(parameter.trainable, false);
  assert.equal(parameter.tensor().requiresGrad, false);
  assert.throws(() => grad(sum(parameter.tensor()), [parameter.value]), /does not require a gradient/);
  parameter.assign(tensor([5, 5]));
  parameter.load([6, 6], [0, 1]);
  parameter.setMask([1, 1]);
  assert.equal(parameter.trainable, false);
  parameter.trainable = true;
  assert.deepEqual(weights(parameter), [0, 6]);
  assert.deepEqual(Array.from(grad(sum(parameter.tensor()), [parameter.value])[0].dataSync()), [1, 1]);
});

test('new numbers are written where the value is, or elsewhere if another tensor looks there', () => {
  const parameter = new Parameter('w', [1, 2, 3], [3]);
  const before = memory();
  const { buffer } = parameter.value.operand;
  assert.equal(
    tidy(() => parameter.overwrite()),
    buffer,
  );
  assert.deepEqual(memory(), before);

  const view = parameter.value.detach();
  const copy = tidy(() => parameter.overwrite());
  assert.notEqual(copy, buffer);
  assert.equal(view.operand.buffer, buffer);
  assert.deepEqual(weights(parameter), [1, 2, 3]);
  view.dispose();
  assert.deepEqual(memory(), before);
  assert.equal(parameter.overwrite(), copy);

  assert.equal(parameter.trainable, true);
  parameter.trainable = false;
  parameter.overwrite();
  assert.equal(parameter.trainable, false);
});

test('load replaces values and mask', async () => {
  const parameter = new Parameter('w', [1, 2, 3], [3]);
  parameter.load([4, 5, 6], [0, 1, 1]);
  assert.deepEqual(weights(parameter), [0, 5, 6]);
  assert.equal(parameter.keptCount(), 2);
  parameter.load([7, 8, 9], null);
  assert.deepEqual([weights(parameter), parameter.mask], [[7, 8, 9], null]);
  const copy = await parameter.data();
  copy[0] = 0;
  assert.deepEqual(weights(parameter), [7, 8, 9]);
});

test('replacing values and masks leaves nothing behind, in a scope or outside', () => {
  const parameter = new Parameter('w', [1, 2, 3], [3]);
  parameter.setMask([1, 1, 0]);
  const before = memory();
  const change = () => {
    const value = tensor([3, 2, 1]);
    parameter.assign(value);
    value.dispose();
    parameter.setMask([0, 1, 1]);
    parameter.trainable = false;
    parameter.load([1, 2, 3], [1, 0, 1]);
    parameter.trainable = true;
  };
  for (const run of [change, () => tidy(change)]) {
    run();
    assert.deepEqual(memory(), before);
    assert.deepEqual(seen(parameter), [1, 0, 3]);
  }
});

test.run();
