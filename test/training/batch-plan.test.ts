import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type BatchSize, batchOrders } from '../../src/data/index.ts';
import { Random } from '../../src/index.ts';
import { type Batch, BatchPlan, type BatchPlanOptions } from '../../src/training/batch-plan.ts';
import { assertInputError } from '../io/input-error.ts';
import { forAll } from '../support/property.ts';
import { range, total } from '../support/values.ts';

const test = suite('training: BatchPlan');

const lengthOf = (item: number): number => 1 + (item % 7);

const sizes: fc.Arbitrary<BatchSize> = fc.oneof(
  fc.integer({ min: 1, max: 12 }),
  fc.integer({ min: 1, max: 30 }).map((tokens) => ({ tokens })),
);

interface Case extends Omit<BatchPlanOptions<number>, 'lengthOf'> {
  readonly count: number;
  readonly seed: number;
}

const cases: fc.Arbitrary<Case> = fc.record({
  count: fc.integer({ min: 1, max: 30 }),
  batchSize: sizes,
  batchOrder: fc.constantFrom(...batchOrders),
  epochs: fc.integer({ min: 1, max: 4 }),
  seed: fc.nat(),
});

const planOf = ({ count, seed, ...options }: Case, items = range(count)): BatchPlan<number> =>
  new BatchPlan(items, { ...options, lengthOf }, new Random(seed));

/** All of a batch that can be compared; the generator shows by what it draws. */
const told = ({ random, ...rest }: Batch<number>) => ({ ...rest, drawn: [random.uint32(), random.uint32()] });

/** The items of each epoch, in the order in which the batches have them. */
function epochsOf(plan: BatchPlan<number>): number[][] {
  const epochs = plan.stepsPerEpoch.map((): number[] => []);
  for (const step of range(plan.totalSteps)) {
    const { items, epoch } = plan.at(step);
    epochs[epoch].push(...items);
  }
  return epochs;
}

const sorted = (items: readonly number[]): number[] => items.toSorted((a, b) => a - b);

test('the batches of each epoch hold every item once, none is empty and none too large', () =>
  forAll(
    cases,
    (own) => {
      const { count, epochs, batchSize } = own;
      const plan = planOf(own);
      assert.equal(plan.stepsPerEpoch.length, epochs);
      assert.equal(plan.totalSteps, total(plan.stepsPerEpoch));
      for (const items of epochsOf(plan)) assert.deepEqual(sorted(items), range(count));
      for (const step of range(plan.totalSteps)) {
        const batch = plan.at(step);
        assert.deepEqual([batch.step, batch.totalSteps], [step, plan.totalSteps]);
        const { items } = batch;
        assert.ok(items.length > 0);
        if (typeof batchSize === 'number') assert.ok(items.length <= batchSize);
        else assert.ok(items.length === 1 || total(items.map(lengthOf)) <= batchSize.tokens);
      }
    },
    100,
  ));

test('the epoch of a step and where epochs begin are told by the steps of each', () =>
  forAll(cases, (own) => {
    const plan = planOf(own);
    const expected = plan.stepsPerEpoch.flatMap((steps, epoch) =>
      range(steps).map((i) => ({ epoch, starts: i === 0 })),
    );
    const found = range(plan.totalSteps).map((step) => ({
      epoch: plan.at(step).epoch,
      starts: plan.startsEpoch(step),
    }));
    assert.deepEqual(found, expected);
    assert.equal(plan.startsEpoch(plan.totalSteps), false, 'after the last step no epoch begins');
  }));

test('a step has the same batch whenever and in whatever order it is asked for', () =>
  forAll(
    fc.record({ own: cases, asked: fc.array(fc.nat(), { minLength: 1, maxLength: 40 }) }),
    ({ own, asked }) => {
      const once = planOf(own);
      const inOrder = range(once.totalSteps).map((step) => told(once.at(step)));
      const plan = planOf(own);
      for (const number of asked) {
        const step = number % plan.totalSteps;
        assert.deepEqual(told(plan.at(step)), inOrder[step]);
        plan.startsEpoch(number);
      }
    },
    100,
  ));

test('each step draws with a generator of its own, another seed makes other batches', () => {
  const own: Case = { count: 24, batchSize: 4, batchOrder: 'shuffled', epochs: 3, seed: 1 };
  const plan = planOf(own);
  const drawn = range(plan.totalSteps).map((step) => plan.at(step).random.uint32());
  assert.equal(new Set(drawn).size, plan.totalSteps);
  const epochs = epochsOf(plan);
  assert.equal(new Set(epochs.map(String)).size, 3, 'every epoch has an order of its own');
  assert.notDeepEqual(epochsOf(planOf({ ...own, seed: 2 })), epochs);
});

test('items are replaced by as many others, which take their places', () =>
  forAll(cases, (own) => {
    const { count } = own;
    const [plan, other] = [planOf(own), planOf(own)];
    plan.at(0);
    // Of the same length as what they replace.
    const items = range(count).map((item) => item + 7 * 100);
    plan.replaceItems(0, items);
    for (const found of epochsOf(plan)) assert.deepEqual(sorted(found), items);
    assert.deepEqual(
      epochsOf(plan).map((found) => found.map((item) => item - 7 * 100)),
      epochsOf(other),
    );
    for (const wrong of [count - 1, count + 1]) {
      const before = epochsOf(plan);
      assertInputError(
        () => plan.replaceItems(0, range(wrong)),
        new RegExp(`had ${count} examples in the first epoch and have ${wrong} now; every epoch must have as many`),
      );
      assert.deepEqual(epochsOf(plan), before, 'what is refused changes nothing');
    }
  }));

test('items of other lengths are refused where they make another number of batches', () => {
  const plan = new BatchPlan(
    [1, 1, 1, 1, 1, 1],
    { batchSize: { tokens: 2 }, batchOrder: 'shuffled', epochs: 2, lengthOf: (length: number) => length },
    new Random(1),
  );
  assert.throws(() => plan.replaceItems(3, [2, 2, 2, 2, 2, 2]), /made 3 batches of epoch 2 and make 6 now/);
  assert.deepEqual(plan.at(3).items, [1, 1]);
});

test('a step that there is not is an error', () => {
  const plan = planOf({ count: 3, batchSize: 2, batchOrder: 'bucketed', epochs: 1, seed: 1 });
  for (const step of [-1, 2, 0.5, Number.NaN]) assert.throws(() => plan.at(step), /there is no step .*; there are 2/);
});

test('without epochs, or without items, there is no step', () => {
  const own: Case = { count: 3, batchSize: 2, batchOrder: 'bucketed', epochs: 0, seed: 1 };
  for (const plan of [planOf(own), planOf({ ...own, epochs: 2, count: 0 })]) {
    assert.equal(plan.totalSteps, 0);
    assert.equal(plan.startsEpoch(0), false);
  }
});

test.run();
