import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { decideLabels, multilabelReport } from '../../src/metrics/index.ts';
import { assertNear } from '../support/near.ts';
import { permuted } from '../support/permuted.ts';
import { forAll } from '../support/property.ts';

const test = suite('metrics: multi-label');

const rows = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 10 })).chain(([width, examples]) => {
  const row = fc.array(fc.constantFrom(0, 1), { minLength: width, maxLength: width });
  const matrix = fc.array(row, { minLength: examples, maxLength: examples });
  return fc.record({ predictions: matrix, labels: matrix });
});

test('three examples counted by hand', () => {
  const report = multilabelReport(
    [
      [1, 1, 0],
      [0, 0, 0],
      [0, 1, 0],
    ],
    [
      [1, 0, 1],
      [0, 0, 0],
      [0, 1, 0],
    ],
  );
  assertNear(report.micro, { precision: 2 / 3, recall: 2 / 3, f1: 2 / 3, support: 3 });
  assertNear(report.perLabel[1], { precision: 1 / 2, recall: 1, f1: 2 / 3, support: 1 });
  assertNear(report.macro.f1, (1 + 2 / 3 + 0) / 3);
  assertNear(report.samples, { precision: 1 / 2, recall: 1 / 2, f1: 1 / 2 });
  assertNear([report.subsetAccuracy, report.hammingLoss, report.jaccard], [2 / 3, 2 / 9, (1 / 3 + 0 + 1) / 3]);
});

test('the order of examples does not matter, and scores lie between 0 and 1', () => {
  forAll(fc.tuple(rows, fc.nat()), ([{ predictions, labels }, seed]) => {
    const report = multilabelReport(predictions, labels);
    const [p, l] = permuted(seed, predictions, labels);
    assertNear(multilabelReport(p, l), report);
    const { micro, macro, weighted, samples, subsetAccuracy, hammingLoss, jaccard } = report;
    const scores = [micro, macro, weighted, samples].flatMap(({ precision, recall, f1 }) => [precision, recall, f1]);
    for (const value of [...scores, subsetAccuracy, hammingLoss, jaccard]) assert.ok(value >= 0 && value <= 1 + 1e-12);
    assert.ok(jaccard <= samples.f1 + 1e-12, 'the Jaccard index is never above F1');
    assert.ok(subsetAccuracy <= 1 - hammingLoss + 1e-12);
  });
});

test('predictions that are all right have 1, wherever there is a label', () => {
  forAll(rows, ({ labels }) => {
    const { micro, subsetAccuracy, hammingLoss, jaccard } = multilabelReport(labels, labels);
    const withLabels = labels.filter((row) => row.includes(1)).length;
    assertNear([subsetAccuracy, hammingLoss], [1, 0]);
    assertNear(micro.f1, withLabels > 0 ? 1 : 0);
    assertNear(jaccard, withLabels / labels.length);
  });
});

test('a label is predicted from the threshold on', () => {
  assert.deepEqual(decideLabels([[0, -1e-9, 3], Float32Array.of(-3, 1, 0)]), [
    [1, 0, 1],
    [0, 1, 1],
  ]);
  assert.deepEqual(decideLabels([[-800, 0, 800]], 0), [[1, 1, 1]]);
  assert.deepEqual(decideLabels([[-800, 0, 800]], 1), [[0, 0, 1]]);
});

test('what is no matrix of 0 and 1 is named', () => {
  assert.throws(() => multilabelReport([[1]], [[1], [0]]), /1 predictions cannot be compared with the labels of 2/);
  assert.throws(
    () =>
      multilabelReport(
        [[1, 0], [1]],
        [
          [1, 0],
          [1, 0],
        ],
      ),
    /predictions\[1\] has 1 labels, the first example 2/,
  );
  assert.throws(() => multilabelReport([[1, 0.5]], [[1, 0]]), /predictions\[0\]\[1\] is 0\.5; it must be 0 or 1/);
  for (const none of [[], [[]]]) assert.throws(() => multilabelReport(none, none), /there are no labels/);
});

test.run();
