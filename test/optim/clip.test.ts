import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { tensor } from '../../src/index.ts';
import { clipGradients, globalNorm } from '../../src/optim/index.ts';
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
      const clipped = clipGradients(
        values.map((own) => tensor(own)),
        limit,
      );
      assert.ok(Math.abs(clipped.norm - before) <= 1e-9 * Math.max(1, before));
      const after = clipped.gradients.map((g) => Array.from(g.dataSync()));
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
  for (const limit of [5.1, 100, Infinity]) assert.deepEqual(clipGradients([a, b], limit).gradients, [a, b]);
  assert.equal(globalNorm([a, b]), 5);
  assert.notEqual(clipGradients([a, b], 4.9).gradients[0], a);
});

onEveryBackend(test, 'the norm of gradients of any lengths', () => {
  const lengths = [3, 1024, 1, 5000];
  const all = lengths.map((length, k) => range(length).map((i) => ((i + k) % 5) - 2));
  const got = globalNorm(all.map((values) => tensor(values)));
  assert.ok(Math.abs(got - norm(all)) <= 1e-6 * norm(all), `${got}`);
  assert.equal(globalNorm([tensor([Number.NaN])]), Number.NaN);
  assert.equal(globalNorm([tensor([-Infinity, 1])]), Infinity);
});

test('gradients of 0 stay 0', () => {
  const { gradients: clipped, norm: before } = clipGradients([tensor([0, 0])], 1);
  assert.deepEqual([before, Array.from(clipped[0].dataSync())], [0, [0, 0]]);
});

test.run();
