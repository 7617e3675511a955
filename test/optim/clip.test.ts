import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { Tensor, tensor } from '../../src/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import { AdamW, clipCoefficient, clipGradNorm, globalNorm } from '../../src/optim/index.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { forAll } from '../support/property.ts';
import { range } from '../support/values.ts';

const test = suite('optim: clipping');
useBackend(test, 'reference', { dtype: 'float64' });

const gradients = fc.array(fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 4,
});
const norm = (all: readonly (readonly number[])[]): number => Math.hypot(...all.flat());

test('the common norm is at most the limit, and the direction stays', () => {
  forAll(
    fc.tuple(gradients, fc.double({ min: 1e-3, max: 300, noNaN: true })),
    ([values, limit]) => {
      const before = norm(values);
      const unclipped = values.map((own) => tensor(own));
      assert.ok(Math.abs(globalNorm(unclipped).item() - before) <= 1e-9 * Math.max(1, before));
      const after = clipGradNorm(unclipped, limit).map((g) => Array.from(g.dataSync()));
      assert.ok(norm(after) <= limit * (1 + 1e-9) || before <= limit);
      const factor = Math.min(1, limit / (before + 1e-6));
      after.forEach((own, i) => {
        for (const [j, g] of own.entries())
          assert.ok(Math.abs(g - factor * values[i][j]) <= 1e-9 * Math.abs(values[i][j]) + 1e-300);
      });
    },
    100,
  );
});

test('gradients within the limit are left as they are', () => {
  const [a, b] = [tensor([3, 0]), tensor([0, 4])];
  const clipped = (limit: number) => clipGradNorm([a, b], limit).map((g) => Array.from(g.dataSync()));
  for (const limit of [5.1, 100, Infinity])
    assert.deepEqual(clipped(limit), [
      [3, 0],
      [0, 4],
    ]);
  assert.equal(globalNorm([a, b]).item(), 5);
  assert.ok(clipped(4.9)[0][0] < 3);
  assert.equal(clipCoefficient(tensor(5), 2.5).item(), 2.5 / (5 + 1e-6));
  assert.throws(() => clipGradNorm([a], -1), /clipGradNorm: maxNorm must be a number from 0, not -1/);
  assert.throws(() => clipCoefficient(a, -1), /clipCoefficient: maxNorm must be a number from 0, not -1/);
});

test('whatever is no array of tensors is refused by name', () => {
  const a = tensor([3, 0]);
  const freed = tensor([1]);
  freed.dispose();
  const wrong: readonly [unknown, RegExp][] = [
    [a, /gradients must be an array of tensors, not a tensor \[2\]/],
    [[a, 3], /gradients\[1\] must be a tensor, not 3/],
    [[a, freed], /gradients\[1\]: Tensor \[1\] was freed/],
    [undefined, /gradients must be an array of tensors, not undefined/],
    [[], /gradients is empty/],
  ];
  for (const [gradients, message] of wrong) {
    for (const [name, call] of Object.entries({ clipGradNorm, globalNorm })) {
      assert.throws(
        () => Reflect.apply(call, null, [gradients, 1]),
        (error: Error) => error.message.startsWith(`${name}: `) && message.test(error.message),
        String(message),
      );
    }
  }
});

onEveryBackend(test, 'the norm of gradients of any lengths', () => {
  const lengths = [3, 1024, 1, 5000];
  const all = lengths.map((length, k) => range(length).map((i) => ((i + k) % 5) - 2));
  const got = globalNorm(all.map((values) => tensor(values))).item();
  assert.ok(Math.abs(got - norm(all)) <= 1e-6 * norm(all), `${got}`);
  assert.equal(globalNorm([tensor([Number.NaN])]).item(), Number.NaN);
  assert.equal(globalNorm([tensor([-Infinity, 1])]).item(), Infinity);
});

onEveryBackend(test, 'clipping reads nothing back, and a step takes what it gives', () => {
  const read = Tensor.prototype.dataSync;
  const parameter = new Parameter('w', [1, 2], [2]);
  Tensor.prototype.dataSync = () => assert.fail('a tensor was read');
  try {
    const optimizer = new AdamW([parameter], { learningRate: 0.5, weightDecay: 0 });
    optimizer.step(clipGradNorm([tensor([30, -40])], 1));
  } finally {
    Tensor.prototype.dataSync = read;
  }
  assert.deepEqual(
    Array.from(parameter.value.dataSync(), (w) => Math.round(1e4 * w) / 1e4),
    [0.5, 2.5],
  );
});

test('gradients of 0 stay 0', () => {
  const zero = tensor([0, 0]);
  assert.deepEqual([globalNorm([zero]).item(), Array.from(clipGradNorm([zero], 1)[0].dataSync())], [0, [0, 0]]);
});

test.run();
