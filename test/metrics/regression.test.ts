import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { pearson, regressionReport, spearman } from '../../src/metrics/index.ts';
import { assertNear } from '../support/near.ts';
import { permuted } from '../support/permuted.ts';
import { forAll } from '../support/property.ts';

const test = suite('metrics: regression');

const pairs = fc
  .array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 })), {
    minLength: 2,
    maxLength: 30,
  })
  .map((rows) => ({ predictions: rows.map(([p]) => p / 8), labels: rows.map(([, l]) => l / 8) }));

const report = (meanAbsoluteError: number, rootMeanSquaredError: number, meanError: number, r2: number) => ({
  ...{ meanAbsoluteError, rootMeanSquaredError, meanError, r2 },
});

test('the numbers of scikit-learn 1.9', () => {
  for (const [predictions, labels, expected] of [
    [[2.5, 0, 2, 8], [3, -0.5, 2, 7], report(0.5, 0.6123724356957945, 0.25, 0.9486081370449679)],
    [[1, 2, 3], [1, 2, 3], report(0, 0, 0, 1)],
    [[1, 1, 1], [2, 2, 2], report(1, 1, -1, 0)],
    [[2, 2], [2, 2], report(0, 0, 0, 1)],
  ] as const) {
    assertNear(regressionReport(predictions, labels), expected);
  }
});

test('the order does not matter, and the error of a constant shift is the shift', () => {
  forAll(fc.tuple(pairs, fc.nat()), ([{ predictions, labels }, seed]) => {
    const [p, l] = permuted(seed, predictions, labels);
    assertNear(regressionReport(p, l), regressionReport(predictions, labels));
    const shifted = regressionReport(
      labels.map((label) => label - 2),
      labels,
    );
    assertNear([shifted.meanAbsoluteError, shifted.rootMeanSquaredError, shifted.meanError], [2, 2, -2]);
  });
});

test('scores and correlations of values near 1e170 and 1e-170 are those of the same values near 1', () => {
  forAll(pairs, ({ predictions, labels }) => {
    const near1 = regressionReport(predictions, labels);
    for (const power of [565, -565, 1015, -1015]) {
      const scaled = (values: readonly number[]) => values.map((value) => value * 2 ** power);
      const [p, l] = [scaled(predictions), scaled(labels)];
      const { r2, ...errors } = regressionReport(p, l);
      assertNear(r2, near1.r2);
      for (const [name, error] of Object.entries(errors)) {
        assertNear(error * 2 ** -power, near1[name as keyof typeof near1]);
      }
      assertNear(pearson(p, l), pearson(predictions, labels));
      assertNear(spearman(p, l), spearman(predictions, labels));
    }
  });
});

test('what is undefined is NaN, and numbers that cannot be paired are an error', () => {
  assert.ok(Number.isNaN(regressionReport([1], [2]).r2));
  assert.throws(() => regressionReport([1], [1, 2]), RangeError);
  assert.throws(() => regressionReport([], []), RangeError);
});

test.run();
