import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { brierScore, calibration, negativeLogLikelihood, temperatureScaling } from '../../src/metrics/index.ts';
import { assertNear } from '../support/near.ts';
import { permuted } from '../support/permuted.ts';
import { forAll } from '../support/property.ts';

const test = suite('metrics: calibration');

const CLASSES = 3;
const logit = fc.integer({ min: -40, max: 40 }).map((x) => x / 8);
const cases = fc
  .array(fc.tuple(fc.tuple(logit, logit, logit), fc.nat({ max: CLASSES - 1 })), { minLength: 1, maxLength: 30 })
  .map((rows) => ({ logits: rows.map(([row]) => row as readonly number[]), labels: rows.map(([, label]) => label) }));

const softmax = (row: readonly number[]): number[] => {
  const powers = row.map(Math.exp);
  return powers.map((power) => power / powers.reduce((sum, x) => sum + x, 0));
};

test('four examples in two bins, counted by hand', () => {
  const probabilities = [
    [0.5, 0.5],
    [0.25, 0.75],
    [0.75, 0.25],
    [1, 0],
  ];
  const { ece, mce, bins } = calibration(probabilities, [1, 1, 1, 0], { bins: 2 });
  assertNear(bins, [
    { count: 1, confidence: 0.5, accuracy: 0 },
    { count: 3, confidence: 2.5 / 3, accuracy: 2 / 3 },
  ]);
  assertNear([ece, mce], [0.25 * 0.5 + 0.75 * (0.5 / 3), 0.5]);
  assertNear(brierScore(probabilities, [1, 1, 1, 0]), (0.5 + 0.125 + 1.125 + 0) / 4);
});

test('an edge belongs to the bin below it, whatever its product with the number of bins rounds to', () => {
  for (const bins of [3, 7, 10, 15, 49, 1000]) {
    for (let i = 1; i <= bins; i++) {
      const edge = i / bins;
      const at = calibration([[edge, 0]], [0], { bins }).bins.findIndex(({ count }) => count === 1);
      assert.equal(at, i - 1, `${i} / ${bins}`);
    }
  }
  assert.equal(calibration([[0, 0]], [0]).bins[0].count, 1);
});

test('the order of examples does not matter; ECE <= MCE <= 1, and Brier <= 2', () => {
  forAll(fc.tuple(cases, fc.nat()), ([{ logits, labels }, seed]) => {
    const probabilities = logits.map(softmax);
    const result = calibration(probabilities, labels);
    const [p, l] = permuted(seed, probabilities, labels);
    assertNear(calibration(p, l), result);
    assertNear(brierScore(p, l), brierScore(probabilities, labels));
    assert.ok(0 <= result.ece && result.ece <= result.mce + 1e-12 && result.mce <= 1);
    assert.equal(
      result.bins.reduce((sum, { count }) => sum + count, 0),
      labels.length,
    );
    assert.ok(brierScore(probabilities, labels) <= 2);
    const right = labels.map((label) => Array.from({ length: CLASSES }, (_, c) => (c === label ? 1 : 0)));
    assertNear([calibration(right, labels).ece, brierScore(right, labels)], [0, 0]);
  });
});

test('the likelihood of equal logits is that of chance, and no logit is too large', () => {
  assertNear(negativeLogLikelihood([[0, 0, 0, 0]], [2]), Math.log(4));
  assertNear(
    negativeLogLikelihood(
      [
        [1e4, 0],
        [0, 1e4],
      ],
      [0, 0],
    ),
    5e3,
  );
  forAll(cases, ({ logits, labels }) => {
    const expected = logits.reduce((sum, row, i) => sum - Math.log(softmax(row)[labels[i]]), 0) / labels.length;
    assertNear(negativeLogLikelihood(logits, labels), expected, 1e-10);
  });
});

test('no other temperature is better', () => {
  forAll(
    cases,
    ({ logits, labels }) => {
      const t = temperatureScaling(logits, labels);
      const at = (temperature: number) =>
        negativeLogLikelihood(
          logits.map((row) => row.map((x) => x / temperature)),
          labels,
        );
      if (t === 0) {
        assert.ok(at(1e-3) <= at(1e-2) + 1e-12 && at(1e-2) <= at(1) + 1e-12);
      } else if (t === Number.POSITIVE_INFINITY) {
        assert.ok(at(1e4) >= Math.log(CLASSES) - 1e-9);
      } else {
        for (const factor of [0.5, 0.99, 1.01, 2]) assert.ok(at(t) <= at(t * factor) + 1e-12, `${t} and ${t * factor}`);
      }
    },
    200,
  );
});

test('scaled logits have the scaled temperature', () => {
  const logits = [
    [2, 0],
    [1, 0],
    [3, 0],
    [0, 1],
  ];
  const t = temperatureScaling(logits, [0, 1, 0, 1]);
  assert.ok(t > 0 && Number.isFinite(t));
  for (const factor of [1e-150, 0.1, 7, 1e150]) {
    assertNear(
      temperatureScaling(
        logits.map((row) => row.map((x) => factor * x)),
        [0, 1, 0, 1],
      ) /
        factor /
        t,
      1,
      1e-10,
    );
  }
  assert.equal(temperatureScaling([[0, 0]], [1]), 1);
  assert.equal(temperatureScaling([[3, 0]], [0]), 0);
  assert.equal(temperatureScaling([[3, 0]], [1]), Number.POSITIVE_INFINITY);
});

test('what does not fit is named', () => {
  assert.throws(() => calibration([[0.5, 0.5]], [0, 1]), /1 predictions cannot be compared with 2 labels/);
  assert.throws(() => calibration([[0.5, 0.5], [1]], [0, 0]), /prediction 1 has 1 classes, the first one 2/);
  assert.throws(() => calibration([[0.5, 0.5]], [2]), /labels\[0\] is 2, which is not one of the 2 classes/);
  assert.throws(() => calibration([[3, -1]], [0]), /prediction 0 has 3, which is no probability/);
  assert.throws(() => calibration([[0.5, Number.NaN]], [0]), /prediction 0 is not a number for class 1/);
  assert.throws(() => calibration([[1]], [0], { bins: 0 }), /bins must be a whole number from 1, not 0/);
  assert.throws(
    () => temperatureScaling([[Number.POSITIVE_INFINITY, 0]], [0]),
    /the logits of example 0 are not finite/,
  );
  assert.throws(() => brierScore([], []), /there are no predictions/);
});

test.run();
