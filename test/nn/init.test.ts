import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { Random } from '../../src/index.ts';
import {
  type Initializer,
  kaimingUniformInit,
  normalInit,
  onesInit,
  truncatedNormalInit,
  zerosInit,
} from '../../src/nn/index.ts';

const test = suite('nn: initialisers');

const shape = [200, 300];
const n = 60_000;

interface Moments {
  readonly mean: number;
  readonly std: number;
  /** E[(x - mean)⁴] / std⁴: 3 for a normal distribution, 1.8 for a uniform one. */
  readonly kurtosis: number;
  readonly largest: number;
}

function moments(init: Initializer): Moments {
  const xs = init(shape, new Random('moments'));
  assert.equal(xs.length, n);
  const average = (f: (x: number) => number) => xs.reduce((sum, x) => sum + f(x), 0) / n;
  const mean = average((x) => x);
  const std = Math.sqrt(average((x) => (x - mean) ** 2));
  const largest = xs.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return { mean, std, kurtosis: average((x) => ((x - mean) / std) ** 4), largest };
}

/** Within five standard errors of what is expected: std/√n for the mean, at most std/√n for the standard deviation. */
function assertMoments({ mean, std, kurtosis }: Moments, expectedStd: number, expectedKurtosis: number): void {
  const error = (5 * expectedStd) / Math.sqrt(n);
  assert.ok(Math.abs(mean) < error, `mean ${mean}`);
  assert.ok(Math.abs(std - expectedStd) < error, `std ${std}, not ${expectedStd}`);
  assert.ok(Math.abs(kurtosis - expectedKurtosis) < 0.1, `kurtosis ${kurtosis}, not ${expectedKurtosis}`);
}

test('constants', () => {
  assert.deepEqual(zerosInit([2, 2], new Random(1)), new Float32Array(4));
  assert.deepEqual(onesInit([3], new Random(1)), Float32Array.of(1, 1, 1));
});

test('normal', () => {
  const found = moments(normalInit(0.02));
  assertMoments(found, 0.02, 3);
  assert.ok(found.largest > 0.06, 'the tails are there');
});

test('normal, truncated at two standard deviations', () => {
  const found = moments(truncatedNormalInit(0.01));
  // Variance 1 - 4 φ(2) / (2 Φ(2) - 1) and fourth moment 3 - (2 · 2³ + 6 · 2) φ(2) / (2 Φ(2) - 1) of the truncated N(0, 1).
  const ratio = Math.exp(-2) / Math.sqrt(2 * Math.PI) / 0.954499736;
  const variance = 1 - 4 * ratio;
  assertMoments(found, 0.01 * Math.sqrt(variance), (3 - 28 * ratio) / variance ** 2);
  assert.ok(found.largest <= Math.fround(0.02) && found.largest > 0.0199, `largest ${found.largest}`);
});

test('Kaiming uniform: the bound is 1/√in of a matrix [out, in]', () => {
  const bound = 1 / Math.sqrt(300);
  const found = moments(kaimingUniformInit);
  assertMoments(found, bound / Math.sqrt(3), 1.8);
  assert.ok(found.largest <= bound && found.largest > 0.999 * bound, `largest ${found.largest}`);
});

test('the same generator gives the same values', () => {
  for (const init of [normalInit(1), truncatedNormalInit(1), kaimingUniformInit]) {
    assert.deepEqual(init([5], new Random('a')), init([5], new Random('a')));
    assert.notDeepEqual(init([5], new Random('a')), init([5], new Random('b')));
  }
});

test.run();
