import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { centralT, pairedTTest, sampleMean, standardDeviation } from '../../src/experiments/statistics.ts';

const test = suite('experiments: statistics');

const near = (actual: number | null, expected: number, tolerance: number) =>
  assert.ok(actual !== null && Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

test('mean and standard deviation of a sample', () => {
  const values = [2, 4, 4, 4, 5, 5, 7, 9];
  assert.equal(sampleMean(values), 5);
  near(standardDeviation(values), Math.sqrt(32 / 7), 1e-12);
  assert.equal(standardDeviation([3]), null);
});

test("quantiles of Student's t are those of printed tables", () => {
  // Two-sided 95 % and 99 %, by degrees of freedom.
  const table: [degrees: number, t95: number, t99: number][] = [
    [1, 12.706, 63.657],
    [2, 4.303, 9.925],
    [3, 3.182, 5.841],
    [4, 2.776, 4.604],
    [5, 2.571, 4.032],
    [10, 2.228, 3.169],
    [29, 2.045, 2.756],
    [120, 1.98, 2.617],
  ];
  for (const [degrees, t95, t99] of table) {
    near(centralT(t95, degrees), 0.95, 2e-4);
    near(centralT(t99, degrees), 0.99, 1e-4);
  }
  for (const degrees of [1, 2, 7, 8]) {
    assert.equal(centralT(0, degrees), 0);
    assert.ok(centralT(1e6, degrees) > 0.99999);
  }
});

test("the paired test gives Student's own result for his sleep data", () => {
  const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
  const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
  const { difference, pairs, t, p } = pairedTTest(first, second);
  assert.equal(pairs, 10);
  near(difference, -1.58, 1e-12);
  near(t, -4.0621, 1e-4);
  near(p, 0.002833, 1e-6);
});

test('what has no test statistic says so', () => {
  assert.deepEqual(pairedTTest([3], [1]), { difference: 2, pairs: 1, t: null, p: null });
  assert.deepEqual(pairedTTest([3, 4], [1, 2]), { difference: 2, pairs: 2, t: null, p: null });
});

test.run();
