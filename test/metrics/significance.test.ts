import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { mcnemar, pairedBootstrap } from '../../src/metrics/index.ts';
import { assertNear } from '../support/near.ts';
import { forAll } from '../support/property.ts';

const test = suite('metrics: significance');

const count = fc.nat({ max: 60 });

/** P(X = k) of n fair coins, by Pascal's triangle. */
function coins(n: number): number[] {
  let row = [1];
  for (let i = 0; i < n; i++) row = [...row, 0].map((p, k) => (p + (row[k - 1] ?? 0)) / 2);
  return row;
}

test("McNemar's binomial tests are sums over the coins that fall worse", () => {
  forAll(fc.tuple(count, count), ([b, c]) => {
    const { pExact, pMid } = mcnemar(b, c);
    const chances = coins(b + c);
    const below = chances.slice(0, Math.min(b, c)).reduce((sum, p) => sum + p, 0);
    const at = chances[Math.min(b, c)];
    assertNear(pExact, Math.min(1, 2 * (below + at)));
    assertNear(pMid, b + c === 0 ? 1 : 2 * below + at);
  });
});

test("McNemar's test does not ask which classifier is the first, and p falls with the difference", () => {
  forAll(fc.tuple(count, count), ([b, c]) => {
    assert.deepEqual(mcnemar(b, c), mcnemar(c, b));
    const { pExact, pMid, pChi2, pChi2Corrected } = mcnemar(b, c);
    for (const p of [pExact, pMid, pChi2, pChi2Corrected]) assert.ok(p >= 0 && p <= 1);
    assert.ok(pMid <= pExact && pChi2 <= pChi2Corrected);
    if (b > c) assert.ok(mcnemar(b + 1, c).pExact <= pExact);
  });
});

test('the tails of chi-squared and of the binomial keep their digits', () => {
  // From scipy.stats: chi2.sf(100, 1), chi2.sf(14 ** 2 / 64, 1), 2 * binom.cdf(2, 1000, 0.5), 2 * binom.cdf(500_000, 1_001_000, 0.5).
  assertNear(mcnemar(100, 0).pChi2 / 1.5239706048320995e-23, 1);
  assertNear(mcnemar(25, 25 + 14).pChi2 / 0.08011831372763417, 1);
  assertNear(mcnemar(2, 998).pExact / 9.341987486489591e-296, 1);
  assertNear(mcnemar(500_000, 501_000).pExact / 0.3180365408403385, 1, 1e-9);
});

test('what is no count is named', () => {
  for (const bad of [-1, 0.5, Number.NaN]) {
    assert.throws(() => mcnemar(bad, 1), /^RangeError: mcnemar: onlyFirstRight must be a whole number from 0/);
  }
});

const scores = fc.array(fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(0, 1)), { minLength: 1, maxLength: 30 });

test('the bootstrap mirrors itself when the systems change places', () => {
  forAll(scores, (pairs) => {
    const [first, second] = [0, 1].map((side) => pairs.map((pair) => pair[side]));
    // An odd number of resamples and percentiles that hit one of them have a mirror.
    const options = { resamples: 199, confidence: 0.9, seed: 3 };
    const [a, b] = [pairedBootstrap(first, second, options), pairedBootstrap(second, first, options)];
    assertNear([b.mean, b.standardError], [-a.mean, a.standardError]);
    assertNear(b.fractionBelowZero, 1 - a.fractionAtMostZero);
    assertNear(a.interval, b.interval.map((x) => 0 - x).toReversed());
    assert.deepEqual(pairedBootstrap(first, second, options), a);
  });
});

test('its interval holds the mean, and its fractions are fractions', () => {
  forAll(scores, (pairs) => {
    const [first, second] = [0, 1].map((side) => pairs.map((pair) => pair[side]));
    const { mean, interval, fractionAtMostZero, fractionBelowZero } = pairedBootstrap(first, second, {
      resamples: 400,
    });
    assert.ok(interval[0] <= mean + 1e-12 && mean <= interval[1] + 1e-12);
    assert.ok(0 <= fractionBelowZero && fractionBelowZero <= fractionAtMostZero && fractionAtMostZero <= 1);
  });
});

test('differences that cancel but for rounding are 0', () => {
  const first = [0.1, 0.2, 0.3];
  const { fractionAtMostZero, fractionBelowZero, mean } = pairedBootstrap([0.1 + 0.2, 0.3], [0.3, 0.1 + 0.2]);
  assert.equal(mean, 0);
  assert.ok(fractionAtMostZero - fractionBelowZero > 0.4);
  assert.deepEqual(pairedBootstrap(first, first).interval, [0, 0]);
});

test('what cannot be drawn from is named', () => {
  assert.throws(() => pairedBootstrap([1], [1, 2]), RangeError);
  assert.throws(() => pairedBootstrap([1, Number.NaN], [1, 2]), /the scores of example 1 are not finite/);
  assert.throws(() => pairedBootstrap([1], [1], { resamples: 0 }), /resamples must be a whole number from 1, not 0/);
  assert.throws(() => pairedBootstrap([1], [1], { confidence: 95 }), /confidence must lie between 0 and 1, not be 95/);
});

test.run();
