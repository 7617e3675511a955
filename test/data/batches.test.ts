import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type BatchOptions, type BatchSize, batchOrders, cutBatches, epochBatches } from '../../src/data/index.ts';
import { Random } from '../../src/index.ts';
import { forAll } from '../support/property.ts';
import { total } from '../support/values.ts';

const test = suite('data: batches');

/** An item of the batches: only its length matters. */
interface Item {
  readonly id: number;
  readonly length: number;
}

const lengthOf = ({ length }: Item): number => length;
const tokensOf = (batch: readonly Item[]): number => total(batch.map(lengthOf));
const idsOf = (items: readonly Item[]): number[] => items.map(({ id }) => id);

const items = (maxCount: number): fc.Arbitrary<Item[]> =>
  fc
    .array(fc.integer({ min: 1, max: 128 }), { maxLength: maxCount })
    .map((lengths) => lengths.map((length, id) => ({ id, length })));
const sizes: fc.Arbitrary<BatchSize> = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.integer({ min: 1, max: 600 }).map((tokens) => ({ tokens })),
);
const options = fc.record<BatchOptions<Item>>({
  size: sizes,
  order: fc.constantFrom(...batchOrders),
  lengthOf: fc.constant(lengthOf),
});

/** A batch is full when the next item would be too much; one item is never too much. */
function assertWithin(batch: readonly Item[], size: BatchSize): void {
  if (typeof size === 'number') assert.ok(batch.length <= size);
  else assert.ok(batch.length === 1 || tokensOf(batch) <= size.tokens);
  assert.ok(batch.length > 0);
}

test('batches are filled in order, each as far as it goes', () =>
  forAll(
    fc.tuple(items(60), sizes),
    ([all, size]) => {
      const batches = cutBatches(all, { size, lengthOf });
      assert.deepEqual(batches.flat(), all);
      batches.forEach((batch, i) => {
        assertWithin(batch, size);
        const next = batches[i + 1]?.[0];
        if (next === undefined) return;
        if (typeof size === 'number') assert.equal(batch.length, size);
        else assert.ok(tokensOf(batch) + next.length > size.tokens);
      });
    },
    200,
  ));

test('an item with more tokens than the limit is a batch of its own', () => {
  const all = [3, 9, 2, 2, 30, 1].map((length, id) => ({ id, length }));
  const cut = (tokens: number) => cutBatches(all, { size: { tokens }, lengthOf }).map((batch) => batch.map(lengthOf));
  assert.deepEqual(cut(4), [[3], [9], [2, 2], [30], [1]]);
  assert.deepEqual(cut(14), [[3, 9, 2], [2], [30], [1]]);
  assert.deepEqual(cut(1), [[3], [9], [2], [2], [30], [1]]);
});

test('an epoch has every item once, in batches within the limit', () =>
  forAll(
    fc.tuple(items(300), options, fc.nat()),
    ([all, batching, seed]) => {
      const batches = epochBatches(all, batching, new Random(seed));
      for (const batch of batches) assertWithin(batch, batching.size);
      assert.deepEqual(
        idsOf(batches.flat()).toSorted((a, b) => a - b),
        idsOf(all),
      );
      if (typeof batching.size === 'number') assert.equal(batches.length, Math.ceil(all.length / batching.size));
    },
    200,
  ));

test('the same seed gives the same batches, another seed others', () =>
  forAll(fc.tuple(items(100), options, fc.nat()), ([all, batching, seed]) => {
    const batchesOf = (by: number) => epochBatches(all, batching, new Random(by)).map(idsOf);
    assert.deepEqual(batchesOf(seed), batchesOf(seed));
    if (all.length > 20) assert.notDeepEqual(batchesOf(seed), batchesOf(seed + 1));
  }));

test('shuffled batches are the shuffled items, cut', () =>
  forAll(fc.tuple(items(100), sizes, fc.nat()), ([all, size, seed]) => {
    const batches = epochBatches(all, { size, order: 'shuffled', lengthOf }, new Random(seed));
    assert.deepEqual(batches, cutBatches(new Random(seed).shuffle(all), { size, lengthOf }));
  }));

/** Lengths from 8 to 127, in no order. */
const many = new Random('lengths');
const corpus = Array.from({ length: 2000 }, (_, id): Item => ({ id, length: 8 + many.integer(120) }));
const spread = (batch: readonly Item[]): number => Math.max(...batch.map(lengthOf)) - Math.min(...batch.map(lengthOf));

test('lengths rise inside a bucketed batch and differ little', () =>
  forAll(fc.tuple(sizes, fc.nat()), ([size, seed]) => {
    const inOrder = (order: BatchOptions<Item>['order']) =>
      epochBatches(corpus, { size, order, lengthOf }, new Random(seed));
    const [bucketed, shuffled] = [inOrder('bucketed'), inOrder('shuffled')];
    for (const batch of bucketed) {
      assert.deepEqual(
        batch.map(lengthOf),
        batch.map(lengthOf).toSorted((a, b) => a - b),
      );
    }
    const mean = (batches: Item[][]) => total(batches.map(spread)) / batches.length;
    assert.ok(mean(bucketed) < mean(shuffled) / 4 + 2, `${mean(bucketed)} and ${mean(shuffled)}`);
  }));

test('short and long batches are spread over the epoch', () =>
  forAll(fc.nat(), (seed) => {
    const batches = epochBatches(corpus, { size: 8, order: 'bucketed', lengthOf }, new Random(seed));
    const means = batches.map((batch) => tokensOf(batch) / batch.length);
    const overall = total(means) / means.length;
    const quarter = means.length / 4;
    for (let start = 0; start < means.length; start += quarter) {
      const part = means.slice(start, start + quarter);
      // The standard deviation of one mean is about 35, that of a quarter about 4.4.
      assert.ok(Math.abs(total(part) / part.length - overall) < 18);
    }
  }));

test('every epoch has bucketed batches of its own, also on few items', () =>
  forAll(fc.nat(), (seed) => {
    for (const count of [40, 400, 2000]) {
      const all = corpus.slice(0, count);
      const pairs = (by: number) => {
        const batches = epochBatches(all, { size: 4, order: 'bucketed', lengthOf }, new Random(by));
        return new Set(batches.flatMap((batch) => batch.flatMap((a) => batch.map((b) => `${a.id} ${b.id}`))));
      };
      const [first, second] = [pairs(seed), pairs(seed + 1)];
      const both = [...first].filter((pair) => second.has(pair)).length - all.length;
      assert.ok(both < (first.size - all.length) / 2, `${both} of ${first.size - all.length} pairs meet again`);
    }
  }));

test.run();
