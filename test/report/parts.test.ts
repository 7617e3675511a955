import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { accuracy, calibration } from '../../src/metrics/index.ts';
import { entityParts } from '../../src/report/entity-parts.ts';
import {
  answerParts,
  classParts,
  evaluationReport,
  numberParts,
  type PartOf,
  type ReportPart,
  textParts,
} from '../../src/report/index.ts';
import { labelParts } from '../../src/report/label-parts.ts';
import { parseWith } from '../../src/settings/index.ts';
import { assertNear } from '../support/near.ts';
import { permuted } from '../support/permuted.ts';
import { forAll } from '../support/property.ts';

const test = suite('report: parts');

const softmax = (logits: readonly number[]) => {
  const exps = logits.map(Math.exp);
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((value) => value / sum);
};

/** Answers of a classifier, with names and texts of any characters. */
const answers = fc
  .record({ classes: fc.integer({ min: 2, max: 5 }), count: fc.integer({ min: 1, max: 30 }), seed: fc.nat() })
  .chain(({ classes, count }) =>
    fc.record({
      names: fc.array(fc.string({ unit: 'binary' }), { minLength: classes, maxLength: classes }),
      labels: fc.array(fc.integer({ min: 0, max: classes - 1 }), { minLength: count, maxLength: count }),
      logits: fc.array(fc.array(fc.integer({ min: -8, max: 8 }), { minLength: classes, maxLength: classes }), {
        minLength: count,
        maxLength: count,
      }),
      texts: fc.array(fc.string({ unit: 'binary', maxLength: 600 }), { minLength: count, maxLength: count }),
    }),
  )
  .map(({ names, labels, logits, texts }) => ({
    names,
    labels,
    predictions: logits.map((row) => row.indexOf(Math.max(...row))),
    probabilities: logits.map(softmax),
    texts,
  }));

const parted = <Kind extends ReportPart['kind']>(parts: readonly ReportPart[], kind: Kind): PartOf<Kind> => {
  const found = parts.find((part) => part.kind === kind);
  assert.ok(found, kind);
  return found as PartOf<Kind>;
};

/** As it comes back from a file. */
const reread = (warnings: readonly string[], parts: readonly ReportPart[]) => {
  const report = { data: 'dev.csv', examples: 1, scores: { accuracy: 0.5, pearson: null }, notes: [], warnings, parts };
  return parseWith(evaluationReport, JSON.parse(JSON.stringify(report)), 'report.json');
};

test('the accuracy is the metric, sums of the confusion matrix are supports and counts of predictions', () => {
  forAll(answers, ({ texts, ...given }) => {
    const { parts } = classParts({ ...given, textsOf: (i) => [texts[i]] });
    const { labels, predictions, names } = given;
    assert.equal(parted(parts, 'numbers').values.accuracy, accuracy(predictions, labels));
    const { matrix } = parted(parts, 'confusion');
    const { classes } = parted(parts, 'classes');
    names.forEach((name, i) => {
      assert.equal(classes[i].name, name);
      assert.equal(
        matrix[i].reduce((a, b) => a + b),
        classes[i].support,
      );
      assert.equal(
        matrix.reduce((sum, row) => sum + row[i], 0),
        classes[i].predicted,
      );
      assert.equal(classes[i].support, labels.filter((label) => label === i).length);
    });
    const { bins, ece } = parted(parts, 'calibration');
    assert.equal(ece, calibration(given.probabilities, labels).ece);
    assert.equal(
      bins.reduce((sum, { count }) => sum + count, 0),
      labels.length,
    );
  });
});

test('the order of the examples changes nothing', () => {
  forAll(fc.tuple(answers, fc.nat()), ([{ texts, names, ...given }, seed]) => {
    const [labels, predictions, probabilities, moved] = permuted(
      seed,
      given.labels,
      given.predictions,
      given.probabilities,
      texts,
    );
    const before = classParts({ ...given, names, textsOf: (i) => [texts[i]] });
    const after = classParts({ labels, predictions, probabilities, names, textsOf: (i) => [moved[i]] });
    assertNear(after, before);
  });
});

test('errors are shown from the surest on, each with its text, and right answers are not', () => {
  forAll(answers, ({ texts, ...given }) => {
    const { labels, predictions, probabilities, names } = given;
    const { examples } = parted(classParts({ ...given, textsOf: (i) => [texts[i]] }).parts, 'examples');
    const wrong = labels.flatMap((label, i) => (predictions[i] === label ? [] : [probabilities[i][predictions[i]]]));
    assert.deepEqual(
      examples.map(({ value }) => value),
      wrong.toSorted((a, b) => b - a).slice(0, 20),
    );
    for (const { texts: shown, expected } of examples) {
      assert.ok(shown[0].length <= 402);
      assert.ok(names.some((name) => name.toWellFormed() === expected));
      assert.ok(texts.some((text) => text.toWellFormed().startsWith(shown[0].replace(/ …$/, ''))));
    }
  });
});

test('of several labels the counts and the calibration are those of single answers', () => {
  const rows = fc.integer({ min: 1, max: 4 }).chain((width) => {
    const row = fc.array(fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(0, 0.2, 0.5, 0.9, 1)), {
      minLength: width,
      maxLength: width,
    });
    return fc.tuple(fc.array(row, { minLength: 1, maxLength: 20 }), fc.nat());
  });
  forAll(rows, ([given, seed]) => {
    const partsOf = (some: typeof given) => {
      const labels = some.map((row) => row.map(([label]) => label));
      const probabilities = some.map((row) => row.map(([, p]) => p));
      const predictions = probabilities.map((row) => row.map((p) => (p >= 0.5 ? 1 : 0)));
      const names = labels[0].map((_, i) => `label ${i}`);
      return labelParts({ names, labels, predictions, probabilities, textsOf: () => ['x'] }).parts;
    };
    const parts = partsOf(given);
    const { rows: counts } = parted(parts, 'table');
    const { classes } = parted(parts, 'classes');
    for (const [i, [name, tp, fp, fn, tn]] of counts.entries()) {
      assert.deepEqual([name, Number(tp) + Number(fn)], [classes[i].name, classes[i].support]);
      assert.deepEqual(Number(tp) + Number(fp), classes[i].predicted);
      assert.equal(Number(tp) + Number(fp) + Number(fn) + Number(tn), given.length);
      const right = given.filter((row) => row[i][0] === (row[i][1] >= 0.5 ? 1 : 0)).length;
      assert.equal(Number(tp) + Number(tn), right);
    }
    const { bins, ece } = parted(parts, 'calibration');
    const answersOf = given.flat();
    const same = calibration(
      answersOf.map(([, p]) => [1 - p, p]),
      answersOf.map(([label, p]) => (p === 0.5 ? 1 - label : label)),
    );
    assert.ok(Math.abs(ece - same.ece) < 1e-12);
    assert.equal(parted(parts, 'numbers').values['calibration error (ECE)'], ece);
    assert.equal(
      bins.reduce((sum, { count }) => sum + count, 0),
      answersOf.length,
    );
    const [moved] = permuted(seed, given);
    assertNear(partsOf(moved), parts);
  });
});

const remedy = "More examples, or training with --class-weights balanced (classWeights: 'balanced'), may help.";

test('a class that is never predicted is named, one without examples is not', () => {
  const given = {
    names: ['money', 'friends', 'spam', 'none'],
    labels: [0, 0, 1, 2, 2, 2, 2],
    predictions: [0, 0, 1, 0, 0, 1, 0],
    probabilities: Array.from({ length: 7 }, () => [0.25, 0.25, 0.25, 0.25]),
    textsOf: () => ['x'],
  };
  assert.deepEqual(classParts(given).warnings, [`One class is never predicted: "spam" (0 of 4 found). ${remedy}`]);
  assert.deepEqual(classParts({ ...given, isBalanced: true }).warnings, [
    'One class is never predicted: "spam" (0 of 4 found). More examples, or more --epochs (epochs), may help.',
  ]);
  const all = classParts({ ...given, predictions: given.labels.map(() => 3) });
  assert.deepEqual(all.warnings, [
    `3 of 4 classes are never predicted: "spam" (0 of 4 found), "money" (0 of 2 found), "friends" (0 of 1 found). ${remedy}`,
  ]);
});

const numbers = fc
  .array(
    fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.float({ noNaN: true, noDefaultInfinity: true })),
    {
      minLength: 1,
      maxLength: 40,
    },
  )
  .map((rows) => ({ labels: rows.map(([label]) => label), predictions: rows.map(([, prediction]) => prediction) }));

test('what is told of numbers counts each example once, whatever their size', () => {
  forAll(fc.tuple(numbers, fc.nat()), ([given, seed]) => {
    const { warnings, parts } = numberParts({ ...given, textsOf: (i) => [String(i)] });
    const { points, total, bins } = parted(parts, 'scatter');
    const count = given.labels.length;
    assert.deepEqual([points.length, total], [count, count]);
    assert.equal(
      bins.reduce((sum, bin) => sum + bin.count, 0),
      count,
    );
    for (const histogram of parts.filter((part) => part.kind === 'histogram')) {
      assert.ok(histogram.bins.length <= 60, `${histogram.bins.length} bins`);
      assert.equal(
        histogram.bins.reduce((sum, bin) => sum + bin.count, 0),
        count,
      );
    }
    assert.deepEqual(reread(warnings, parts).parts, JSON.parse(JSON.stringify(parts)));
    const [labels, predictions] = permuted(seed, given.labels, given.predictions);
    assertNear(
      parted(numberParts({ labels, predictions, textsOf: () => [] }).parts, 'scatter'),
      parted(parts, 'scatter'),
    );
  });
});

test('residuals fall into bins with edges that are easy to read', () => {
  const labels = Array.from({ length: 200 }, (_, i) => i / 64);
  const predictions = labels.map((label, i) => label + (i % 9) / 8 - 0.5);
  const { parts, warnings } = numberParts({ labels, predictions, textsOf: (i) => [`row ${i}`] });
  const { bins } = parted(parts, 'histogram');
  assert.deepEqual([bins[0].from, bins[0].to, bins.at(-1)?.to], [-0.5, -0.45, 0.55]);
  for (const [i, { from }] of bins.entries()) if (i > 0) assert.equal(from, bins[i - 1].to);
  assert.equal(parted(parts, 'examples').examples.length, 20);
  assert.deepEqual(warnings, []);
  assert.deepEqual(numberParts({ labels, predictions: labels.map(() => 1), textsOf: () => [] }).warnings, [
    'The model gives the same number, 1, for all examples.',
  ]);
});

test('numbers that are worse than their mean are told of, but for similarities, which have another scale', () => {
  const given = { labels: [1, 2, 3], predictions: [0.1, 0.2, 0.3], textsOf: () => ['x'] };
  // Σ (label - prediction)² is 0.9² + 1.8² + 2.7² = 11.34, and 2 for the mean.
  assert.deepEqual(numberParts(given).warnings, [
    'The numbers are further from the truth than its mean for all examples would be: R² is -4.6700. More --epochs (epochs), or a higher --learning-rate (learningRate), may help.',
  ]);
  assert.deepEqual(numberParts({ ...given, areSimilarities: true }).warnings, []);
  assert.deepEqual(numberParts({ ...given, predictions: [1.5, 2, 2.5] }).warnings, []);
  assert.deepEqual(numberParts({ labels: [2, 2], predictions: [1, 3], textsOf: () => [] }).warnings, []);
});

test('entities: sentences are shown by what one side alone has, the most errors first', () => {
  const answers = {
    sentences: [['Ada', 'Lovelace', 'wrote'], ['to', 'Charles', 'in', 'London'], ['Paris']],
    labels: [['B-PER', 'I-PER', 'O'], ['O', 'B-PER', 'O', 'B-LOC'], ['B-LOC']],
    predictions: [['B-PER', 'O', 'O'], ['B-LOC', 'O', 'O', 'B-PER'], ['B-LOC']],
  };
  const { parts, warnings } = entityParts(answers, { areEntities: true, scheme: undefined });
  assert.deepEqual(parted(parts, 'examples').examples, [
    {
      texts: ['to Charles in London'],
      expected: 'Charles (PER), London (LOC)',
      predicted: 'to (LOC), London (PER)',
      value: 4,
    },
    { texts: ['Ada Lovelace wrote'], expected: 'Ada Lovelace (PER)', predicted: 'Ada (PER)', value: 2 },
  ]);
  assert.deepEqual(warnings, ['No "PER" is found (0 of 2).']);
  assert.deepEqual(entityParts(answers, { areEntities: false, scheme: undefined }).parts, []);
});

test('answers: what is done without an answer is counted, and wrong ones are shown', () => {
  const asked = (question: string, expected: string[], predicted: string, probability: number) => ({
    ...{ question, context: 'The lamp is red.', expected, predicted, probability },
  });
  const { parts, warnings } = answerParts([
    asked('a', ['red', 'the red'], 'the red', 0.9),
    asked('b', ['red'], 'lamp', 0.4),
    asked('c', [], '', 0.7),
    asked('d', [], 'lamp', 0.8),
    asked('e', ['red'], '', 0.3),
  ]);
  assert.deepEqual(warnings, []);
  assert.deepEqual(parted(parts, 'table').rows, [
    ['has an answer', 2, 1],
    ['has none', 1, 1],
  ]);
  assert.deepEqual(
    parted(parts, 'examples').examples.map(({ texts: [question], expected, predicted }) => [
      question,
      expected,
      predicted,
    ]),
    [
      ['d', '(no answer)', 'lamp'],
      ['b', 'red', 'lamp'],
      ['e', 'red', '(no answer)'],
    ],
  );
  assert.deepEqual(answerParts([asked('a', ['red'], '', 1)]).warnings, [
    'The model gives no answer to any of 1 questions.',
  ]);
  assert.ok(!answerParts([asked('a', ['red'], 'red', 1)]).parts.some(({ kind }) => kind === 'table'));
});

test('written texts are shown from the one that is least like its target on', () => {
  const { parts, warnings } = textParts({
    sources: ['one', 'two', 'three'],
    targets: ['a good film', 'a good film', 'a good film'],
    written: ['a good film', '', 'a bad film'],
  });
  assert.deepEqual(warnings, ['1 of 3 texts that the model wrote are empty.']);
  assert.deepEqual(
    parted(parts, 'examples').examples.map(({ texts: [text], value }) => [text, Number(value?.toFixed(4))]),
    [
      ['two', 0],
      ['three', 0.6667],
      ['one', 1],
    ],
  );
  assert.deepEqual(JSON.parse(JSON.stringify(reread(warnings, parts).parts)), JSON.parse(JSON.stringify(parts)));
});

test('a report is read back as it was written, and what is none is refused by its field', () => {
  forAll(answers, ({ texts, ...given }) => {
    const { warnings, parts } = classParts({ ...given, textsOf: (i) => [texts[i], 'b'] });
    assert.deepEqual(JSON.parse(JSON.stringify(reread(warnings, parts).parts)), JSON.parse(JSON.stringify(parts)));
  });
  assert.throws(
    () => reread([], [{ kind: 'pie', title: 'x' } as never]),
    /parts\[0\]\.kind must be one of classes, confusion, calibration/,
  );
  assert.throws(
    () => reread([], [{ kind: 'confusion', title: 'x', names: ['a'], matrix: [[0.5]] }]),
    /parts\[0\]\.matrix\[0\]\[0\] must be a whole number/,
  );
  assert.throws(
    () => reread([], [{ kind: 'confusion', title: 'x', names: ['a', 'b'], matrix: [[1]] }]),
    /parts\[0\] must be a matrix with a row and a column for each name/,
  );
  assert.throws(
    () => reread([], [{ kind: 'table', title: 'x', head: ['a', 'b'], rows: [['c']] }]),
    /parts\[0\] must be rows as long as the head/,
  );
});

test.run();
