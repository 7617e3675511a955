import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { stratifiedSetFolds, stratifiedSetSplit } from '../../src/data/stratified-sets.ts';
import { Random } from '../../src/index.ts';
import { forAll } from '../support/property.ts';

const test = suite('data: stratified parts of sets of labels');

type Sets = readonly (readonly number[])[];

const sortedSet = (labels: number[]) => [...new Set(labels)].sort((a, b) => a - b);
const someSets = fc.array(fc.array(fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 9), { maxLength: 3 }).map(sortedSet), {
  minLength: 4,
  maxLength: 60,
});
const all = (sets: Sets) => sets.map((_, i) => i);
const rising = (places: readonly number[]) => [...places].sort((a, b) => a - b);
const labelsOf = (sets: Sets) => new Set(sets.flat());
const countIn = (sets: Sets, places: readonly number[], label: number) =>
  places.filter((place) => sets[place].includes(label)).length;
/** The groups that have a label. */
const groupsWith = (sets: Sets, groups: readonly number[], label: number) =>
  new Set(groups.filter((_, place) => sets[place].includes(label)));

test('a split has each row once, its groups whole, and each label in the part to train on', () => {
  forAll(
    fc.tuple(someSets, fc.constantFrom(0.1, 0.2, 0.5, 0.9), fc.nat(), fc.constantFrom(1, 2, 30)),
    ([sets, fraction, seed, repeats]) => {
      if (Math.ceil(fraction * sets.length) >= sets.length) return;
      const groups = sets.map((_, i) => Math.floor(i / repeats));
      const { train, test: part } = stratifiedSetSplit(sets, fraction, new Random(seed), { groups });
      assert.deepEqual(rising([...train, ...part]), all(sets));
      assert.deepEqual([train, part].map(rising), [train, part]);
      const held = new Set(part.map((place) => groups[place]));
      assert.ok(train.every((place) => !held.has(groups[place])));
      for (const label of labelsOf(sets)) assert.ok(countIn(sets, train, label) > 0, `${label} is missing`);
      assert.deepEqual(stratifiedSetSplit(sets, fraction, new Random(seed), { groups }), { train, test: part });
    },
    150,
  );
});

test('of rows with one label each the shares are rounded, and the size is exact', () => {
  const single = fc.array(fc.constantFrom([0], [0], [0], [1], [1], [2]), { minLength: 5, maxLength: 60 });
  forAll(
    fc.tuple(single, fc.constantFrom(0.1, 0.2, 0.3, 0.5), fc.nat()),
    ([sets, fraction, seed]) => {
      // A label of one row keeps it in the part to train on.
      const rows = sets.filter(([label]) => countIn(sets, all(sets), label) > 3);
      if (rows.length === 0) return;
      const size = Math.ceil(fraction * rows.length);
      const { test: part } = stratifiedSetSplit(rows, fraction, new Random(seed));
      assert.equal(part.length, size);
      for (const label of labelsOf(rows)) {
        const share = (countIn(rows, all(rows), label) * size) / rows.length;
        assert.ok(Math.abs(countIn(rows, part, label) - share) < 1, `${countIn(rows, part, label)} of ${share}`);
      }
    },
    100,
  );
});

/** 100 to 200 rows with some of these labels, each by its own chance. */
const manySets = fc.tuple(fc.nat(), fc.integer({ min: 100, max: 200 })).map(([seed, count]) => {
  const random = new Random(seed).fork('sets');
  const chances = [0.5, 0.3, 0.2, 0.1, 0.06, 0.03];
  return Array.from({ length: count }, () =>
    chances.flatMap((chance, label) => (random.uniform() < chance ? [label] : [])),
  );
});

test('of rows with several labels the size is exact, and each label is near its share', () => {
  forAll(
    fc.tuple(manySets, fc.constantFrom(0.1, 0.2, 0.5), fc.nat()),
    ([sets, fraction, seed]) => {
      const size = Math.ceil(fraction * sets.length);
      const { test: part } = stratifiedSetSplit(sets, fraction, new Random(seed));
      assert.equal(part.length, size);
      for (const label of labelsOf(sets)) {
        const share = (countIn(sets, all(sets), label) * size) / sets.length;
        assert.ok(Math.abs(countIn(sets, part, label) - share) <= 1.5, `${countIn(sets, part, label)} of ${share}`);
      }
    },
    60,
  );
});

test('many labels of two rows each do not keep a part empty', () => {
  const sets = Array.from({ length: 100 }, (_, i) => [i >> 1]);
  const { train, test: part } = stratifiedSetSplit(sets, 0.2, new Random(1));
  assert.deepEqual([part.length, labelsOf(train.map((place) => sets[place])).size], [20, 50]);
});

test('folds hold each row once, and a label of several groups is in two of them', () => {
  forAll(
    fc.tuple(someSets, fc.integer({ min: 2, max: 5 }), fc.nat(), fc.constantFrom(1, 3)),
    ([sets, folds, seed, repeats]) => {
      const groups = sets.map((_, i) => Math.floor(i / repeats));
      const count = new Set(groups).size;
      if (folds > count) return;
      const parts = stratifiedSetFolds(sets, folds, new Random(seed), { groups });
      assert.deepEqual(rising(parts.flat()), all(sets));
      for (const group of groups) {
        assert.equal(parts.filter((part) => part.some((place) => groups[place] === group)).length, 1);
      }
      assert.deepEqual(stratifiedSetFolds(sets, folds, new Random(seed), { groups }), parts);
      const most = Math.max(
        ...groups.map((group) => labelsOf(sets.filter((_, place) => groups[place] === group)).size),
      );
      if (most >= folds) return;
      for (const label of labelsOf(sets)) {
        const folded = parts.filter((part) => countIn(sets, part, label) > 0).length;
        assert.ok(groupsWith(sets, groups, label).size < 2 || folded > 1, `${label} is in ${folded}`);
      }
    },
    150,
  );
});

test('folds differ by one in size, and each label is near its share', () => {
  forAll(
    fc.tuple(manySets, fc.constantFrom(3, 5, 10), fc.nat()),
    ([sets, folds, seed]) => {
      const parts = stratifiedSetFolds(sets, folds, new Random(seed));
      const sizes = parts.map(({ length }) => length);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, String(sizes));
      for (const label of labelsOf(sets)) {
        const share = countIn(sets, all(sets), label) / folds;
        for (const part of parts) {
          assert.ok(Math.abs(countIn(sets, part, label) - share) <= 2.5, `${countIn(sets, part, label)} of ${share}`);
        }
      }
    },
    60,
  );
});

test('another seed gives other parts, and parts that cannot be made are refused', () => {
  const sets = Array.from({ length: 40 }, (_, i) => (i % 2 ? [0] : [0, 1]));
  const [a, b] = [1, 2].map((seed) => stratifiedSetSplit(sets, 0.5, new Random(seed)).test);
  assert.notDeepEqual(a, b);
  assert.notDeepEqual(stratifiedSetFolds(sets, 4, new Random(1)), stratifiedSetFolds(sets, 4, new Random(2)));
  for (const fraction of [0, 1, Number.NaN]) {
    assert.throws(() => stratifiedSetSplit(sets, fraction, new Random(0)), /fraction must lie between 0 and 1/);
  }
  assert.throws(() => stratifiedSetSplit([[0], [0]], 0.9, new Random(0)), /2 examples cannot be split by 0\.9/);
  for (const folds of [1, 41, 2.5]) {
    assert.throws(() => stratifiedSetFolds(sets, folds, new Random(0)), /folds must be a whole number from 2 to/);
  }
});

test.run();
