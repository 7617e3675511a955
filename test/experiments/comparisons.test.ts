import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { compareOverSeedsAndExamples, holm, seedsNeeded } from '../../src/experiments/comparisons.ts';
import { Random } from '../../src/index.ts';
import { forAll } from '../support/property.ts';

const test = suite('experiments: comparisons');

/** Answers that are right with a chance, the same targets for each seed. */
function answers(seed: string, chance: number, examples = 300) {
  const [truth, draw] = [new Random('targets'), new Random(seed)];
  const targets = Array.from({ length: examples }, () => truth.integer(2));
  return { targets, predictions: targets.map((target) => (draw.uniform() < chance ? target : 1 - target)) };
}
const pairsOf = (seeds: number, first: number, second: number, label = '') =>
  Array.from({ length: seeds }, (_, i) => ({
    first: answers(`a${label}${i}`, first),
    second: answers(`b${label}${i}`, second),
  }));
const few = { resamples: 400 };

test('a large difference is found, none is not, and the interval holds the difference', () => {
  const large = compareOverSeedsAndExamples(pairsOf(5, 0.9, 0.7), 'accuracy', few);
  assert.ok(large.p < 0.01 && large.interval[0] > 0.1, JSON.stringify(large));
  const none = compareOverSeedsAndExamples(pairsOf(5, 0.8, 0.8), 'accuracy', few);
  assert.ok(none.p > 0.05 && none.interval[0] < 0 && none.interval[1] > 0, JSON.stringify(none));
  for (const { difference, interval } of [large, none]) {
    assert.ok(interval[0] < difference && difference < interval[1]);
  }
});

test('the interval is as wide as both sources of chance make it', () => {
  // The variance of the mean difference: that of seeds, and that of examples, which is the same for all seeds.
  const { interval } = compareOverSeedsAndExamples(pairsOf(20, 0.8, 0.8), 'accuracy', { resamples: 2000 });
  const width = interval[1] - interval[0];
  // 2 · 0.8 · 0.2 / 300 is the variance of one difference; of a mean of 20 it is drawn twice, by seeds and by examples.
  const expected = 2 * 1.96 * Math.sqrt((2 * 2 * 0.16) / 300 / 20);
  assert.ok(Math.abs(width / expected - 1) < 0.3, `${width} ${expected}`);
});

test('exchanging the methods turns the difference, and the same seed repeats it', () => {
  const pairs = pairsOf(3, 0.85, 0.8);
  const turned = pairs.map(({ first, second }) => ({ first: second, second: first }));
  const [one, other] = [pairs, turned].map((some) => compareOverSeedsAndExamples(some, 'matthews', few));
  assert.ok(Math.abs(one.difference + other.difference) < 1e-12);
  assert.ok(Math.abs(one.interval[0] + other.interval[1]) < 0.02);
  assert.deepEqual(compareOverSeedsAndExamples(pairs, 'matthews', few), one);
});

test('differences that are all the same have no effect in standard deviations', () => {
  const { first } = pairsOf(1, 0.9, 0.8)[0];
  const wrong = first.predictions.map((answer, i) => (i < 30 ? 1 - first.targets[i] : answer));
  const pair = { first: { ...first, predictions: [...first.targets] }, second: { ...first, predictions: wrong } };
  assert.equal(compareOverSeedsAndExamples([pair, pair, pair], 'accuracy', few).effect, null);
});

test('runs on other examples are refused', () => {
  const [pair] = pairsOf(1, 0.8, 0.8);
  const other = { first: pair.first, second: answers('b', 0.8, 200) };
  assert.throws(() => compareOverSeedsAndExamples([pair, other], 'accuracy'), /different examples/);
  assert.throws(() => compareOverSeedsAndExamples([], 'accuracy'), /no pair/);
});

test("Holm's correction is that of R's p.adjust, keeps the order, and raises no p above 1", () => {
  const near = (actual: number[], expected: number[]) =>
    assert.ok(
      actual.every((value, i) => Math.abs(value - expected[i]) < 1e-12),
      String(actual),
    );
  near(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02]);
  near(holm([0.5, 0.9]), [1, 1]);
  forAll(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 9 }), (values) => {
    const adjusted = holm(values);
    for (const [i, p] of adjusted.entries()) {
      assert.ok(p >= values[i] && p <= 1);
      for (const [j, q] of adjusted.entries()) assert.ok(values[i] >= values[j] || p <= q);
    }
  });
});

test('the seeds that show a difference are those of tables of power', () => {
  // A t-test of pairs with d = 0.5, 0.8, 1 at 5 % and a power of 0.8 (Cohen, 1988; G*Power): 34, 15, 10.
  assert.deepEqual(
    [0.5, 0.8, 1].map((d) => Math.abs((seedsNeeded(d, 1) as number) - { 0.5: 34, 0.8: 15, 1: 10 }[d as 0.5]) <= 1),
    [true, true, true],
  );
  assert.equal(seedsNeeded(1e-6, 1), null);
  assert.equal(seedsNeeded(1, 0), 2);
});

test.run();
