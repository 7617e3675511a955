import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { balancedClassWeights, stratifiedFolds, stratifiedSplit } from '../../src/data/index.ts';
import { Random } from '../../src/index.ts';
import { assertNear } from '../support/near.ts';
import { forAll } from '../support/property.ts';

const test = suite('data: stratified parts');

const labels = fc.array(fc.constantFrom(0, 0, 0, 1, 1, 2, 7), { minLength: 3, maxLength: 60 });
const countIn = (list: readonly number[], places: readonly number[], label: number) =>
  places.filter((place) => list[place] === label).length;
const all = (list: readonly number[]) => list.map((_, i) => i);

function assertShare(count: number, share: number): void {
  assert.ok(count >= Math.floor(share + 1e-9) && count <= Math.ceil(share - 1e-9), `${count} of ${share}`);
}

test('a split has the size and of each class its share, rounded', () => {
  forAll(
    fc.tuple(labels, fc.integer({ min: 1, max: 19 }), fc.nat()),
    ([list, twentieths, seed]) => {
      const fraction = twentieths / 20;
      const size = Math.ceil(fraction * list.length);
      if (size >= list.length) return;
      const { train, test: part } = stratifiedSplit(list, fraction, new Random(seed));
      assert.equal(part.length, size);
      assert.deepEqual(
        [...train, ...part].sort((a, b) => a - b),
        all(list),
      );
      for (const label of new Set(list)) {
        assertShare(countIn(list, part, label), (countIn(list, all(list), label) * size) / list.length);
      }
      assert.deepEqual(stratifiedSplit(list, fraction, new Random(seed)), { train, test: part });
    },
    100,
  );
});

test('every example of a class is drawn equally often', () => {
  const list = [0, 0, 0, 0, 0, 0, 1, 1, 1];
  const drawn = new Array<number>(list.length).fill(0);
  for (let seed = 0; seed < 600; seed++) {
    for (const place of stratifiedSplit(list, 1 / 3, new Random(seed)).test) drawn[place]++;
  }
  // 200 of 600 each, with a deviation of 11.5.
  for (const count of drawn) assert.ok(Math.abs(count - 200) < 60, String(drawn));
});

test('folds hold each example once, of each class its share, and differ by one in size', () => {
  forAll(
    fc.tuple(labels, fc.integer({ min: 2, max: 6 }), fc.nat()),
    ([list, folds, seed]) => {
      if (folds > list.length) return;
      const parts = stratifiedFolds(list, folds, new Random(seed));
      assert.equal(parts.length, folds);
      assert.deepEqual(
        parts.flat().sort((a, b) => a - b),
        all(list),
      );
      const sizes = parts.map(({ length }) => length);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
      for (const label of new Set(list)) {
        const share = countIn(list, all(list), label) / folds;
        for (const part of parts) assertShare(countIn(list, part, label), share);
      }
      assert.deepEqual(stratifiedFolds(list, folds, new Random(seed)), parts);
    },
    100,
  );
});

/** Pure groups: examples of one group have one class. */
const grouped = fc
  .array(fc.record({ label: fc.constantFrom(0, 1, 2), size: fc.constantFrom(1, 1, 1, 2, 3, 7) }), {
    minLength: 3,
    maxLength: 20,
  })
  .map((groups) => groups.flatMap(({ label, size }, group) => Array.from({ length: size }, () => ({ label, group }))));
const largest = (rows: readonly { readonly label: number; readonly group: number }[], label: number) =>
  Math.max(
    ...rows.filter((row) => row.label === label).map(({ group }) => rows.filter((row) => row.group === group).length),
  );

test('examples of one group stay in one part of a split, and no group that is left would fit', () => {
  forAll(
    fc.tuple(grouped, fc.integer({ min: 1, max: 9 }), fc.nat()),
    ([rows, tenths, seed]) => {
      const list = rows.map(({ label }) => label);
      const groups = rows.map(({ group }) => group);
      const size = Math.ceil((tenths / 10) * list.length);
      if (size >= list.length) return;
      const { train, test: part } = stratifiedSplit(list, tenths / 10, new Random(seed), { groups });
      assert.deepEqual(
        [...train, ...part].sort((a, b) => a - b),
        all(list),
      );
      const held = new Set(part.map((place) => groups[place]));
      for (const place of train) assert.ok(!held.has(groups[place]));
      for (const label of new Set(list)) {
        const count = countIn(list, part, label);
        const share = (countIn(list, all(list), label) * size) / list.length;
        assert.ok(count <= Math.ceil(share - 1e-9), `${count} of ${share}`);
        const left = train.filter((place) => list[place] === label).map((place) => groups[place]);
        const smallest = Math.min(...left.map((group) => left.filter((other) => other === group).length));
        assert.ok(count + smallest > Math.floor(share + 1e-9), `${count} and ${smallest} of ${share}`);
      }
    },
    100,
  );
});

test('examples of one group stay in one fold, and folds differ by the largest group at most', () => {
  forAll(
    fc.tuple(grouped, fc.integer({ min: 2, max: 5 }), fc.nat()),
    ([rows, folds, seed]) => {
      const list = rows.map(({ label }) => label);
      const groups = rows.map(({ group }) => group);
      if (folds > new Set(groups).size) return;
      const parts = stratifiedFolds(list, folds, new Random(seed), { groups });
      assert.deepEqual(
        parts.flat().sort((a, b) => a - b),
        all(list),
      );
      for (const group of new Set(groups)) {
        assert.equal(parts.filter((part) => part.some((place) => groups[place] === group)).length, 1);
      }
      for (const label of new Set(list)) {
        const counts = parts.map((part) => countIn(list, part, label));
        assert.ok(Math.max(...counts) - Math.min(...counts) <= largest(rows, label), String(counts));
      }
    },
    100,
  );
});

test('groups of one example each change nothing, and a group has the class of most of its examples', () => {
  const list = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1];
  const groups = list.map((_, i) => 10 - i);
  const split = stratifiedSplit(list, 0.5, new Random(3), { groups });
  for (const label of [0, 1]) assert.equal(countIn(list, split.test, label), label === 0 ? 2 : 3);
  // The pair of class 0 and two of class 1 in one group count as class 1, of which half is 4.
  const mixed = stratifiedSplit([0, 1, 1, 1, 1, 1, 1, 0, 0], 0.5, new Random(1), {
    groups: [0, 0, 0, 1, 2, 3, 4, 5, 6],
  });
  assert.ok([0, 3].includes(mixed.test.filter((place) => place < 3).length));
  assert.deepEqual(stratifiedSplit([0, 0, 0], 0.4, new Random(1), { groups: [1, 1, 1] }).test, []);
});

test('another seed gives other parts', () => {
  const list = Array.from({ length: 40 }, (_, i) => i % 2);
  const [a, b] = [1, 2].map((seed) => stratifiedSplit(list, 0.5, new Random(seed)).test);
  assert.notDeepEqual(a, b);
  assert.notDeepEqual(stratifiedFolds(list, 4, new Random(1)), stratifiedFolds(list, 4, new Random(2)));
});

test('parts that cannot be made are refused', () => {
  for (const fraction of [0, 1, -0.1, Number.NaN]) {
    assert.throws(() => stratifiedSplit([0, 1], fraction, new Random(0)), /fraction must lie between 0 and 1/);
  }
  assert.throws(() => stratifiedSplit([0], 0.5, new Random(0)), /1 examples cannot be split/);
  assert.throws(() => stratifiedSplit([], 0.5, new Random(0)), /0 examples cannot be split/);
  for (const folds of [1, 4, 2.5])
    assert.throws(() => stratifiedFolds([0, 1, 0], folds, new Random(0)), /folds must be a whole number from 2 to/);
  assert.throws(() => stratifiedFolds([0, 1, 0], 3, new Random(0), { groups: [0, 1, 0] }), /different examples, 2/);
});

test('balanced weights give every class that occurs the same sum, and sum to the examples', () => {
  forAll(labels, (list) => {
    const weights = balancedClassWeights(list);
    const sums = [...weights].map(([label, weight]) => weight * countIn(list, all(list), label));
    assertNear(
      sums,
      sums.map(() => list.length / weights.size),
    );
    assert.deepEqual(
      [...weights.keys()],
      [...new Set(list)].sort((a, b) => a - b),
    );
    assert.equal(weights.get(3), undefined);
  });
});

test.run();
