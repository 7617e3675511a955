import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { setBackend } from '../../src/index.ts';
import { sparseSavings, timeShare } from '../../src/pruning/index.ts';
import { onGpu } from '../support/gpu.ts';
import { useBackend } from '../support/on-backend.ts';

const test = suite('pruning: what sparse matrices save');
useBackend(test, 'wasm');

const counts = { kept: 25, total: 100 };
const matrix = (density: number, shape = [256, 768]) => ({ shape, kept: density * shape[0] * shape[1] });

if (onGpu) {
  test('a backend that holds whole matrices with masks saves nothing', () => {
    assert.equal(sparseSavings(counts), null);
    assert.equal(timeShare(matrix(0.25)), null);
  });
} else {
  test('memory follows from the counts: a value, a place, a gradient and two moments', () => {
    const { memory, training, time } = sparseSavings(counts) ?? assert.fail();
    assert.deepEqual(
      [memory, training],
      [
        { kept: 6 * 25, whole: 400 },
        { kept: 20 * 25, whole: 1600 },
      ],
    );
    assert.equal(time, null, 'the matrices are not known');
  });

  test('the time falls with the density, and is that of dense matrices where these are faster', () => {
    const shares = [0.05, 0.1, 0.25, 0.4].map((density) => timeShare(matrix(density)) ?? Number.NaN);
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
    );
    assert.ok(shares[0] > 0.05 && shares[2] > 0.25 && shares[2] < 0.5, String(shares));
    assert.equal(timeShare(matrix(0.9)), 1);
    assert.equal(timeShare(matrix(0.25, [4, 16])), 1);
  });

  test('the time of several matrices is their mean by size', () => {
    const [half, all] = [matrix(0.1), matrix(1)];
    const { time } = sparseSavings(counts, [half, all, all]) ?? assert.fail();
    assert.ok(Math.abs((time ?? 0) - ((timeShare(half) ?? 0) + 2) / 3) < 1e-9);
  });

  test('a backend that does not estimate times tells none', async () => {
    await setBackend('reference');
    try {
      assert.equal(sparseSavings(counts, [matrix(0.25)])?.time, null);
    } finally {
      await setBackend('wasm');
    }
  });
}

test.run();
