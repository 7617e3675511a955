import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { accuracy, classificationReport, confusionMatrix, f1 } from '../../src/metrics/index.ts';
import { assertNear } from '../support/near.ts';
import { permuted } from '../support/permuted.ts';
import { forAll } from '../support/property.ts';

const test = suite('metrics: classification report');

const CLASSES = 4;
const index = fc.integer({ min: 0, max: CLASSES - 1 });
const pairs = fc.array(fc.tuple(index, index), { minLength: 1, maxLength: 40 }).map((rows) => ({
  predictions: rows.map(([prediction]) => prediction),
  labels: rows.map(([, label]) => label),
}));

test('a class that is never right and one that is never predicted, counted by hand', () => {
  const report = classificationReport([0, 0, 0, 1, 0], [0, 0, 1, 0, 2], 3);
  assert.equal(report.accuracy, 2 / 5);
  assert.deepEqual(report.confusionMatrix, [
    [2, 1, 0],
    [1, 0, 0],
    [1, 0, 0],
  ]);
  assertNear(report.perClass, [
    { precision: 1 / 2, recall: 2 / 3, f1: 4 / 7, support: 3 },
    { precision: 0, recall: 0, f1: 0, support: 1 },
    { precision: 0, recall: 0, f1: 0, support: 1 },
  ]);
  assertNear(report.macro, { precision: 1 / 6, recall: 2 / 9, f1: 4 / 21, support: 5 });
  assertNear(report.weighted, { precision: 3 / 10, recall: 2 / 5, f1: 12 / 35, support: 5 });
  assertNear(report.balancedAccuracy, 2 / 9);
  // Agreement 2 / 5, by chance (4 · 3 + 1 · 1) / 25.
  assertNear(report.cohenKappa, (10 - 13) / (25 - 13));
});

test('the order of examples and the numbers of the classes do not matter', () => {
  forAll(fc.tuple(pairs, fc.nat()), ([{ predictions, labels }, seed]) => {
    const report = classificationReport(predictions, labels, CLASSES);
    const [p, l] = permuted(seed, predictions, labels);
    assertNear(classificationReport(p, l, CLASSES), report);
    const reversed = (values: readonly number[]) => values.map((value) => CLASSES - 1 - value);
    const renamed = classificationReport(reversed(predictions), reversed(labels), CLASSES);
    assertNear(renamed.perClass, report.perClass.toReversed());
    assertNear([renamed.macro, renamed.cohenKappa], [report.macro, report.cohenKappa]);
  });
});

test('scores lie between 0 and 1, kappa is at most 1, and the averages agree with their definitions', () => {
  forAll(pairs, ({ predictions, labels }) => {
    const { perClass, micro, macro, weighted, ...report } = classificationReport(predictions, labels, CLASSES);
    for (const { precision, recall, f1: score } of [...perClass, micro, macro, weighted]) {
      for (const value of [precision, recall, score]) assert.ok(value >= 0 && value <= 1);
    }
    assert.ok(!(report.cohenKappa > 1));
    assert.equal(report.accuracy, accuracy(predictions, labels));
    assertNear(micro, {
      precision: report.accuracy,
      recall: report.accuracy,
      f1: report.accuracy,
      support: labels.length,
    });
    assertNear(weighted.recall, report.accuracy);
    const binary = [predictions, labels].map((values) => values.map((value) => (value === 1 ? 1 : 0)));
    assertNear(perClass[1].f1, f1(binary[0], binary[1]));
  });
});

test('perfect predictions have 1 everywhere', () => {
  forAll(pairs, ({ labels }) => {
    const { accuracy: right, balancedAccuracy, cohenKappa, weighted } = classificationReport(labels, labels, CLASSES);
    assertNear([right, balancedAccuracy, weighted.f1], [1, 1, 1]);
    assertNear(cohenKappa, new Set(labels).size > 1 ? 1 : Number.NaN);
  });
});

test('what is no class is named', () => {
  assert.throws(
    () => confusionMatrix([0, 3], [0, 1], 3),
    /^RangeError: predictions\[1\] is 3, which is not one of the 3 classes$/,
  );
  assert.throws(() => confusionMatrix([0], [0.5], 3), /labels\[0\] is 0\.5/);
  assert.throws(() => confusionMatrix([0], [0], 0), /classes must be a whole number from 1, not 0/);
  assert.throws(() => classificationReport([], [], 2), /there are no predictions/);
});

test.run();
