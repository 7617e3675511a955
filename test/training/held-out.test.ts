import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import type { Dataset, Example } from '../../src/data/index.ts';
import { type HeldOutChoice, holdOut, tableFacts } from '../../src/training/held-out.ts';
import { forAll } from '../support/property.ts';

const test = suite('training: rows that are held out of a table');

const names = ['billing', 'bug', 'outage'];

/** A table of texts with these classes, or numbers. */
const tableOf = (
  rows: readonly { readonly text: string; readonly label: number }[],
  labels: string[] | null = names,
): Dataset => ({
  name: 'tickets.csv',
  examples: rows.map((row) => ({ ...row })),
  labels,
  metrics: ['accuracy'],
  warnings: ['a line'],
});

/** So many rows of each class, all of different texts. */
const classesOf = (...counts: number[]) =>
  counts.flatMap((count, label) => Array.from({ length: count }, (_, i) => ({ text: `${label} ${i}`, label })));

const rows = fc.array(
  fc.record({ text: fc.integer({ max: 30, min: 0 }).map(String), label: fc.constantFrom(0, 0, 1, 2) }),
  {
    minLength: 20,
    maxLength: 90,
  },
);
const inputs = (part: Dataset | null) => (part?.examples ?? []).map(({ text }: Example) => text);

test('parts hold each row once, rows of the same texts stay together, and the seed and the rows decide', () => {
  const choices = fc.record<HeldOutChoice>({
    seed: fc.nat({ max: 5 }),
    validationSplit: fc.constantFrom(undefined, 0, 0.2, 0.4),
    testSplit: fc.constantFrom(undefined, 0.25),
  });
  forAll(
    fc.tuple(rows, choices, fc.constantFrom(names, null), fc.shuffledSubarray([0, 1, 2], { minLength: 3 })),
    ([table, choice, labels, order]) => {
      const whole = tableOf(table, labels);
      let held: ReturnType<typeof holdOut<Dataset>>;
      try {
        held = holdOut(whole, choice);
      } catch (error) {
        // A part of few and large groups may hold out nothing.
        assert.match(String(error), /holds out 0 of/);
        return;
      }
      const parts = [held.train, held.evaluation, held.test];
      assert.deepEqual(parts.flatMap(inputs).sort(), inputs(whole).sort());
      for (const [i, part] of parts.entries()) {
        for (const other of parts.slice(i + 1)) {
          const known = new Set(inputs(other));
          assert.ok(inputs(part).every((text) => !known.has(text)));
        }
      }
      assert.equal(held.test !== null, choice.testSplit !== undefined);
      // A model may have the classes in another order.
      const renumbered = table.map(({ text, label }) => ({ text, label: labels ? order[label] : label }));
      const again = holdOut(tableOf(renumbered, labels), choice);
      assert.deepEqual([again.evaluation, again.test].map(inputs), [held.evaluation, held.test].map(inputs));
      assert.deepEqual(tableFacts(tableOf(renumbered, labels)), tableFacts(whole));
    },
    60,
  );
});

test('a tenth is held out if each class keeps two rows on both sides, of each class a tenth', () => {
  const { train, evaluation, warnings } = holdOut(tableOf(classesOf(40, 30, 20)), { seed: 1 });
  const counts = (part: Dataset | null) =>
    names.map((_, label) => part?.examples.filter((row) => row.label === label).length);
  assert.deepEqual([counts(train), counts(evaluation), warnings], [[36, 27, 18], [4, 3, 2], []]);
  assert.deepEqual([train.name, train.warnings], ['tickets.csv', ['a line']]);
  assert.deepEqual([evaluation?.name, evaluation?.warnings], ['tickets.csv (validation split)', []]);

  const few = holdOut(tableOf(classesOf(40, 30, 9)), { seed: 1 });
  assert.deepEqual([few.train.examples.length, few.evaluation], [79, null]);
  assert.match(
    few.unvalidated ?? '',
    /^no validation split: of the 9 rows of 'outage' it would have 1, and 2 are needed on both sides; give --eval-data \(evalData\), or say a --validation-split/,
  );
  assert.equal(
    holdOut(tableOf(classesOf(40, 30, 9)), { seed: 1, validationSplit: 0.3 }).evaluation?.examples.length,
    24,
  );
  assert.deepEqual(holdOut(tableOf(classesOf(40, 30, 9)), { seed: 1, validationSplit: 0 }).unvalidated, undefined);

  const numbers = classesOf(14).map(({ text }, i) => ({ text, label: i / 2 }));
  assert.equal(holdOut(tableOf(numbers, null), { seed: 1 }).evaluation?.examples.length, 2);
  assert.match(
    holdOut(tableOf(numbers.slice(0, 9), null), { seed: 1 }).unvalidated ?? '',
    /of the 9 rows of the data it would have 1/,
  );
});

test('folds: each row is tested once, and the rest is split as ever', () => {
  const table = tableOf(classesOf(50, 40, 30));
  const parts = [1, 2, 3].map((fold) => holdOut(table, { seed: 7, folds: 3, fold }));
  assert.deepEqual(parts.flatMap(({ test: part }) => inputs(part)).sort(), inputs(table).sort());
  for (const { train, evaluation, test: part } of parts) {
    assert.deepEqual(
      [train, evaluation, part].map((some) => some?.examples.length),
      [72, 8, 40],
    );
  }
  assert.equal(parts[1].test?.name, 'tickets.csv (fold 2 of 3)');
  const same = tableOf(Array.from({ length: 6 }, (_, i) => ({ text: String(i % 2), label: i % 2 })));
  assert.throws(
    () => holdOut(same, { seed: 1, folds: 3, fold: 1 }),
    /There are 2 rows with different texts, too few for 3 folds/,
  );
  assert.throws(() => holdOut(table, { seed: 1, folds: 3, fold: 4 }), /fold 4 is not among 3 folds/);
});

test('a part that cannot be held out, and a class that is not left, are told', () => {
  const same = tableOf(Array.from({ length: 8 }, () => ({ text: 'x', label: 0 })));
  assert.throws(
    () => holdOut(same, { seed: 1, testSplit: 0.5 }),
    /A test split of 0\.5 holds out 0 of 8 rows of 1 different text .*; say another fraction/,
  );
  const lost = Array.from({ length: 30 }, (_, seed) =>
    holdOut(tableOf(classesOf(2, 2, 1)), { seed, validationSplit: 0.5 }),
  ).flatMap(({ warnings }) => warnings);
  assert.ok(lost.includes("all rows of 'outage' are held out; none is left to train on"));
});

test('where rows of equal texts stay together, the message says so', () => {
  const two = tableOf(Array.from({ length: 60 }, (_, i) => ({ text: String(i % 2), label: i % 2 })));
  assert.throws(
    () => holdOut(two, { seed: 1, validationSplit: 0.2 }),
    /^InputError: A validation split of 0\.2 holds out 0 of 60 rows of 2 different texts \(rows of equal texts stay together\); say another/,
  );
});

/** Rows of several labels, or sentences with tags, of these classes. */
const setsOf = (field: 'labels' | 'tags', sets: readonly (readonly number[])[]): Dataset => ({
  ...tableOf([]),
  examples: sets.map((numbers, i) => ({ text: String(i), [field]: numbers })),
});
const setIn = (row: Example) => (row.labels ?? ('tags' in row ? row.tags : [])) as readonly number[];
const countOf = (part: Dataset | null, label: number) =>
  part?.examples.filter((row) => setIn(row).includes(label)).length ?? 0;

for (const field of ['labels', 'tags'] as const) {
  test(`${field}: those of two rows stay in training, in any order of classes, or a line tells`, () => {
    const sets = fc.array(fc.subarray([0, 1, 2]), { maxLength: 40, minLength: 6 });
    const split = fc.constantFrom<HeldOutChoice>(
      { seed: 1, validationSplit: 0.3 },
      { seed: 2, validationSplit: 0.2, testSplit: 0.3 },
      { seed: 3, validationSplit: 0.3, folds: 4, fold: 2 },
    );
    forAll(
      fc.tuple(sets, split, fc.shuffledSubarray([0, 1, 2], { minLength: 3 })),
      ([numbers, choice, order]) => {
        const whole = setsOf(field, numbers);
        const held = holdOut(whole, choice);
        const parts = [held.train, held.evaluation, held.test];
        assert.deepEqual(parts.flatMap(inputs).sort(), inputs(whole).sort());
        for (const label of [0, 1, 2]) {
          if (countOf(whole, label) > 1) assert.ok(countOf(held.train, label) > 0, `${label} is missing`);
          const line = `all rows of '${names[label]}' are held out; none is left to train on`;
          assert.equal(held.warnings.includes(line), countOf(whole, label) > 0 && countOf(held.train, label) === 0);
        }
        const renumbered = {
          ...setsOf(
            field,
            numbers.map((set) => set.map((label) => order[label])),
          ),
          labels: names.map((_, i) => names[order.indexOf(i)]),
        };
        const again = holdOut(renumbered, choice);
        assert.deepEqual([again.evaluation, again.test].map(inputs), [held.evaluation, held.test].map(inputs));
        assert.deepEqual(tableFacts(renumbered), tableFacts(whole));
      },
      100,
    );
  });
}

test('a tenth is held out if each label of several has two rows on both sides; of tags all rows count', () => {
  const common = Array.from({ length: 90 }, (_, i) => (i % 2 ? [0] : [0, 1]));
  const held = holdOut(setsOf('labels', common), { seed: 1 });
  assert.deepEqual([held.evaluation?.examples.length, held.warnings], [9, []]);
  assert.ok([4, 5].includes(countOf(held.evaluation, 1)));
  const rare = [...common, [2], [0, 2], [2]];
  const none = holdOut(setsOf('labels', rare), { seed: 1 });
  assert.equal(none.evaluation, null);
  assert.match(none.unvalidated ?? '', /^no validation split: of the 3 rows of 'outage' it would have [01], and 2/);
  const tagged = holdOut(setsOf('tags', rare), { seed: 1 });
  assert.deepEqual([tagged.evaluation?.examples.length, tagged.warnings], [10, []]);
});

test('labels of one row stay in training, and the message says so', () => {
  assert.throws(
    () => holdOut(setsOf('labels', [[0], [1], [2]]), { seed: 1, validationSplit: 0.3 }),
    /holds out 0 of 3 rows \(labels of one text alone stay in training\); say another fraction/,
  );
});

test('the table of labels is another one when a row has another label', () => {
  const [a, b] = [
    [[0], [1]],
    [[0], [0, 1]],
  ].map((sets) => tableFacts(setsOf('labels', sets)).fingerprint);
  assert.notEqual(a, b);
});

test.run();
