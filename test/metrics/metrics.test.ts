import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  accuracy,
  classificationReport,
  computeMetrics,
  f1,
  macroF1,
  matthews,
  pearson,
  spearman,
} from '../../src/metrics/index.ts';

const test = suite('metrics');

interface GoldenCase {
  id: string;
  labels: number[];
  predictions: number[];
  [metric: string]: unknown;
}
interface Golden {
  tol: number;
  classification: GoldenCase[];
  regression: GoldenCase[];
}

const golden: Golden = JSON.parse(readFileSync(new URL('../golden/data/metrics/glue.json', import.meta.url), 'utf8'));

for (const example of [...golden.classification, ...golden.regression]) {
  test(`golden: ${example.id}`, () => {
    const values = computeMetrics(
      (['accuracy', 'f1', 'matthews', 'pearson', 'spearman'] as const).filter((name) => example[name] != null),
      example.predictions,
      example.labels,
    );
    assert.ok(Object.keys(values).length >= 2);
    for (const [name, value] of Object.entries(values)) {
      const expected = Number(example[name]);
      const agrees = Number.isNaN(expected) ? Number.isNaN(value) : Math.abs(value - expected) <= golden.tol;
      assert.ok(agrees, `${name}: got ${value}, expected ${expected}`);
    }
  });
}

const pairs = <T>(value: fc.Arbitrary<T>, minLength = 1) =>
  fc.array(fc.tuple(value, value), { minLength, maxLength: 40 }).map((rows) => ({
    predictions: rows.map(([prediction]) => prediction),
    labels: rows.map(([, label]) => label),
  }));
const binary = pairs(fc.integer({ min: 0, max: 1 }));
const classes = pairs(fc.integer({ min: 0, max: 3 }));
const small = pairs(fc.integer({ min: -5, max: 5 }), 2);
const close = (a: number, b: number) => (Number.isNaN(a) ? Number.isNaN(b) : Math.abs(a - b) < 1e-9);

test('Matthews of two classes equals Pearson of the 0/1 vectors', () => {
  fc.assert(
    fc.property(binary, ({ predictions, labels }) => {
      const correlation = pearson(predictions, labels);
      assert.ok(close(matthews(predictions, labels), Number.isNaN(correlation) ? 0 : correlation));
    }),
  );
});

test('Matthews is symmetric and does not depend on how classes are numbered', () => {
  const renumber = [2, 0, 3, 1];
  fc.assert(
    fc.property(classes, ({ predictions, labels }) => {
      const value = matthews(predictions, labels);
      assert.ok(value >= -1 && value <= 1);
      assert.ok(close(value, matthews(labels, predictions)));
      assert.ok(
        close(
          value,
          matthews(
            predictions.map((k) => renumber[k]),
            labels.map((k) => renumber[k]),
          ),
        ),
      );
    }),
  );
});

test('the macro average of F1 is that of the report over the classes that there are', () => {
  fc.assert(
    fc.property(classes, ({ predictions, labels }) => {
      const { perClass } = classificationReport(predictions, labels, 1 + Math.max(...predictions, ...labels));
      const present = perClass.filter((_, k) => predictions.includes(k) || labels.includes(k));
      const mean = present.reduce((sum, scores) => sum + scores.f1, 0) / present.length;
      assert.ok(close(macroF1(predictions, labels), mean));
    }),
  );
  // By hand: F1 of 0 is 2/3, of 1 is 0.5, of 3 is 0.
  assert.ok(close(macroF1([0, 1, 1, 3], [0, 1, 0, 1]), (2 / 3 + 0.5 + 0) / 3));
});

test('F1 is the harmonic mean of precision and recall', () => {
  fc.assert(
    fc.property(binary, ({ predictions, labels }) => {
      const hits = predictions.filter((prediction, i) => prediction === 1 && labels[i] === 1).length;
      const precision = hits / predictions.filter((prediction) => prediction === 1).length;
      const recall = hits / labels.filter((label) => label === 1).length;
      const expected = hits === 0 ? 0 : (2 * precision * recall) / (precision + recall);
      assert.ok(close(f1(predictions, labels), expected));
    }),
  );
});

test('correlations ignore scale and offset, and change sign with it', () => {
  fc.assert(
    fc.property(
      small,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: -9, max: 9 }),
      ({ predictions, labels }, a, b) => {
        for (const correlation of [pearson, spearman]) {
          const value = correlation(predictions, labels);
          assert.ok(
            close(
              correlation(
                predictions.map((x) => a * x + b),
                labels,
              ),
              value,
            ),
          );
          assert.ok(
            close(
              correlation(
                predictions.map((x) => -a * x + b),
                labels,
              ),
              -value,
            ),
          );
        }
      },
    ),
  );
});

test('Spearman sees order only', () => {
  fc.assert(
    fc.property(small, ({ predictions, labels }) => {
      assert.ok(
        close(
          spearman(
            predictions.map((x) => Math.exp(x)),
            labels,
          ),
          spearman(predictions, labels),
        ),
      );
    }),
  );
});

test('correlations are undefined for a constant vector, even where its mean is rounded', () => {
  const constant = [0.1, 0.1, 0.1];
  for (const correlation of [pearson, spearman]) {
    assert.ok(Number.isNaN(correlation(constant, [1, 2, 3])));
    assert.ok(Number.isNaN(correlation([1, 2, 3], constant)));
    assert.ok(Number.isNaN(correlation([1], [2])));
    assert.ok(Number.isNaN(correlation([1, Number.NaN, 3], [1, 2, 3])));
    assert.ok(Number.isNaN(correlation([1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], [1, 2, 3])));
  }
});

test('Pearson of values whose squares overflow or vanish is that of the same values in another unit', () => {
  const [x, y] = [
    [1, 2, 4, 7, -3],
    [2, 1, 5, 5, 0],
  ];
  const expected = pearson(x, y);
  for (const unit of [2 ** 565, 2 ** 1021, 2 ** -565, 2 ** -1060]) {
    for (const other of [1, unit]) {
      const got = pearson(
        x.map((value) => value * unit),
        y.map((value) => value * other),
      );
      assert.equal(got, expected, `${unit} ${other}`);
    }
  }
  assert.ok(close(pearson([1e170, 2e170, 4e170], [1, 2, 3]), pearson([1, 2, 4], [1, 2, 3])));
});

test('typed arrays are welcome, only the named metrics are computed, lengths must agree', () => {
  assert.deepEqual(computeMetrics(['f1', 'accuracy'], Int32Array.of(1, 0), Int32Array.of(1, 1)), {
    f1: 2 / 3,
    accuracy: 0.5,
  });
  assert.deepEqual(computeMetrics([], [1], [1]), {});
  for (const metric of [accuracy, f1, macroF1, matthews, pearson, spearman]) {
    assert.throws(() => metric([1, 2], [1]), /2 predictions cannot be compared with 1 labels/);
    assert.throws(() => metric([], []), /^RangeError: there are no predictions/);
  }
});

test('a metric that there is not is named', () => {
  assert.throws(
    () => computeMetrics(['accuracyy' as 'accuracy'], [0], [0]),
    /there is no metric "accuracyy"; there are accuracy/,
  );
});

test.run();
