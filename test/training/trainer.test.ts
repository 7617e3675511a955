import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import type { EncodedExample } from '../../src/data/index.ts';
import { memory, mul, Random, sqrt, sum, tensor, tidy } from '../../src/index.ts';
import { InputError } from '../../src/io/index.ts';
import { isHeadParameter } from '../../src/models/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import { type AdamWState, cosineSchedule, linearSchedule } from '../../src/optim/index.ts';
import { prune } from '../../src/pruning/index.ts';
import {
  classificationLoss,
  classificationObjective,
  type Objective,
  Trainer,
  type TrainingOptions,
  trainingOptions,
} from '../../src/training/index.ts';
import { settled } from '../support/collect.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { maskOf } from '../support/parameters.ts';
import { forAllAsync } from '../support/property.ts';
import { tinyBert, tinyClassifier, tinyExamples } from '../support/tiny-model.ts';
import { range, total } from '../support/values.ts';

const test = suite('training: Trainer');
useBackend(test, 'reference');

const options: TrainingOptions = trainingOptions({ learningRate: 0.01, epochs: 2, batchSize: 4 });

interface Setup {
  readonly parameters: readonly Parameter[];
  readonly trainer: Trainer<EncodedExample>;
  /** Over all items, without dropout. */
  readonly loss: () => number;
}

/** A tiny model with dropout, a pruned adapter and a head, about to be trained: always the same. */
async function setup(
  changes: Partial<TrainingOptions> = {},
  { seed = 1, dropout = 0.1 }: { seed?: number; dropout?: number } = {},
): Promise<Setup> {
  const config = { ...tinyBert, hidden_dropout_prob: dropout, attention_probs_dropout_prob: dropout };
  const model = tinyClassifier(undefined, { config });
  const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 4 }));
  freezeBackbone(model, adapter, isHeadParameter);
  await prune({ method: 'random', sparsity: 0.4, parameters: adapter.prunable, random: new Random(1), losses: [] });
  const parameters = model.parameters().filter(({ trainable }) => trainable);
  const items = tinyExamples(10);
  const trainer = new Trainer(
    classificationObjective(model, items, parameters),
    { ...options, ...changes },
    new Random(seed),
  );
  return { parameters, trainer, loss: () => tidy(() => classificationLoss(model, items).item()) };
}

const weights = (parameters: readonly Parameter[]): number[][] =>
  parameters.map(({ value }) => Array.from(value.dataSync()));

async function finish<Item>(trainer: Trainer<Item>): Promise<number[]> {
  const losses: number[] = [];
  while (!trainer.done) losses.push((await trainer.trainStep()).loss);
  return losses;
}

const batchings: Partial<TrainingOptions>[] = [
  {},
  { batchTokens: 20 },
  { batchTokens: 20, groupByLength: true },
  { batchSize: 2, gradientAccumulationSteps: 2, lrSchedulerType: 'cosine' },
];

onEveryBackend(test, 'a run that is stopped and restored ends with the same weights to the last bit', async () => {
  for (const batching of batchings) await assertResumable(() => setup(batching));
});

async function assertResumable(setup: () => Promise<Setup>): Promise<void> {
  const whole = await setup();
  const losses = await finish(whole.trainer);
  assert.equal(losses.length, whole.trainer.totalSteps);
  assert.ok(losses.length >= 6);
  await forAllAsync(
    fc.integer({ min: 0, max: losses.length }),
    async (stop) => {
      const first = await setup();
      for (const _ of range(stop)) await first.trainer.trainStep();
      const [values, state] = [weights(first.parameters), await first.trainer.state()];

      const second = await setup();
      second.parameters.forEach((parameter, i) => {
        const mask = maskOf(parameter);
        if (mask && parameter.pattern) parameter.loadKept(values[i], mask);
        else parameter.load(values[i], mask);
      });
      second.trainer.restore(state);
      assert.equal(second.trainer.step, stop);
      assert.deepEqual(await finish(second.trainer), losses.slice(stop));
      assert.deepEqual(weights(second.parameters), weights(whole.parameters));
      assert.deepEqual(await second.trainer.state(), await whole.trainer.state());
    },
    4,
  );
}

onEveryBackend(test, 'the same seed gives the same weights, another seed others', async () => {
  const run = async (seed: number) => {
    const { parameters, trainer } = await setup({ epochs: 1 }, { seed });
    await finish(trainer);
    return weights(parameters);
  };
  const first = await run(1);
  assert.deepEqual(await run(1), first);
  assert.notDeepEqual(await run(2), first);
});

onEveryBackend(test, 'training lowers the loss', async () => {
  const { trainer, loss } = await setup({ epochs: 20 }, { dropout: 0 });
  const before = loss();
  await finish(trainer);
  assert.ok(loss() < before / 2, `from ${before} to ${loss()}`);
});

onEveryBackend(test, 'a step leaves nothing behind', () => assertNothingLeft({ epochs: 20 }));
onEveryBackend(test, 'nor does one of several batches', () =>
  assertNothingLeft({ epochs: 40, batchSize: 2, gradientAccumulationSteps: 3 }),
);

async function assertNothingLeft(changes: Partial<TrainingOptions>): Promise<void> {
  const { trainer } = await setup(changes);
  for (const _ of range(3)) await trainer.trainStep();
  // What tests before this one left is not collected meanwhile.
  const before = await settled();
  while (trainer.step < 50) await trainer.trainStep();
  assert.deepEqual(memory(), before);
}

test('a step of several batches takes the mean of their losses and gradients, the last of an epoch of those left', () =>
  forAllAsync(
    fc.record({
      count: fc.integer({ min: 1, max: 20 }),
      batchSize: fc.integer({ min: 1, max: 5 }),
      gradientAccumulationSteps: fc.integer({ min: 1, max: 4 }),
      epochs: fc.integer({ min: 1, max: 3 }),
    }),
    async ({ count, batchSize, gradientAccumulationSteps: size, epochs }) => {
      const values = range(count).map((i) => Math.sin(1 + i));
      const own = { batchSize, epochs, betas: [0, 0.98] as [number, number], maxGradNorm: null, learningRate: 0 };
      // The loss w · mean has the mean as its gradient, which is the first moment without memory.
      const trainerOf = (changes: Partial<TrainingOptions>) => {
        const parameter = new Parameter('w', [1], [1]);
        const objective: Objective<number> = {
          items: range(count),
          lengthOf: one,
          parameters: [parameter],
          loss: (batch) => mul(sum(parameter.tensor()), total(batch.map((i) => values[i])) / batch.length),
        };
        return new Trainer(objective, { ...options, ...own, ...changes }, new Random(1));
      };
      const single = trainerOf({});
      const trainer = trainerOf({ gradientAccumulationSteps: size });
      assert.deepEqual(
        trainer.plan.stepsPerEpoch,
        single.plan.stepsPerEpoch.map((batches) => Math.ceil(batches / size)),
      );
      for (const batches of single.plan.stepsPerEpoch) {
        for (let done = 0; done < batches; done += size) {
          const group = range(Math.min(size, batches - done));
          assert.equal(trainer.plan.startsEpoch(trainer.step), done === 0);
          const alone: { loss: number; batch: readonly number[] }[] = [];
          for (const _ of group) alone.push(await single.trainStep());
          const { loss, batch } = await trainer.trainStep();
          const mean = total(alone.map((step) => step.loss)) / group.length;
          const gradient = (await trainer.state()).moments.get('w')?.m[0];
          assert.ok(Math.abs(loss - mean) < 1e-6 && Math.abs(Number(gradient) - mean) < 1e-6);
          assert.deepEqual(
            batch,
            alone.flatMap((step) => step.batch),
          );
        }
      }
      assert.equal(trainer.done, true);
    },
  ));

test('a batch draws the same dropout, whatever else its step has', async () => {
  const drawnWith = async (gradientAccumulationSteps: number) => {
    const parameter = new Parameter('w', [1], [1]);
    const drawn: number[] = [];
    const loss = (_: readonly number[], random: Random) => {
      drawn.push(random.uint32());
      return sum(parameter.tensor());
    };
    const objective = { items: range(20), lengthOf: one, parameters: [parameter], loss };
    await finish(new Trainer(objective, { ...options, gradientAccumulationSteps }, new Random(1)));
    return drawn;
  };
  const alone = await drawnWith(1);
  assert.equal(new Set(alone).size, 10);
  assert.deepEqual(await drawnWith(3), alone);
});

const one = (): number => 1;

/** A trainer of one weight on numbered items; what it does is of no interest. */
function toy(count: number, changes: Partial<TrainingOptions>, seed = 1): Trainer<number> {
  const parameter = new Parameter('w', [1], [1]);
  const objective: Objective<number> = {
    items: range(count),
    lengthOf: (item) => 1 + (item % 7),
    parameters: [parameter],
    loss: () => sum(mul(parameter.tensor(), parameter.tensor())),
  };
  return new Trainer(objective, { ...options, ...changes }, new Random(seed));
}

const batchSizes: fc.Arbitrary<Partial<TrainingOptions>> = fc.oneof(
  fc.integer({ min: 1, max: 12 }).map((batchSize) => ({ batchSize })),
  fc.integer({ min: 1, max: 30 }).map((batchTokens) => ({ batchTokens })),
);

test('every item is seen once per epoch, in an order of its own', () =>
  forAllAsync(
    fc.record({
      count: fc.integer({ min: 1, max: 30 }),
      batchSize: batchSizes,
      groupByLength: fc.boolean(),
      epochs: fc.integer({ min: 1, max: 3 }),
      seed: fc.nat(),
    }),
    async ({ count, seed, batchSize, ...own }) => {
      const trainer = toy(count, { ...batchSize, ...own }, seed);
      const again = toy(count, { ...batchSize, ...own }, seed);
      assert.equal(trainer.plan.stepsPerEpoch.length, own.epochs);
      assert.equal(trainer.totalSteps, total(trainer.plan.stepsPerEpoch));
      const orders: number[][] = [];
      for (const [epoch, steps] of trainer.plan.stepsPerEpoch.entries()) {
        const seen: number[] = [];
        for (const i of range(steps)) {
          assert.equal(trainer.done, false);
          const { batch, step, totalSteps } = await trainer.trainStep();
          assert.deepEqual((await again.trainStep()).batch, batch);
          const before = total(trainer.plan.stepsPerEpoch.slice(0, epoch));
          assert.deepEqual([step, totalSteps], [before + i + 1, trainer.totalSteps]);
          seen.push(...batch);
        }
        assert.deepEqual(
          seen.toSorted((a, b) => a - b),
          range(count),
        );
        orders.push(seen);
      }
      assert.equal(trainer.done, true);
      if (count >= 10) assert.equal(new Set(orders.map(String)).size, own.epochs);
    },
  ));

test('dropout draws anew in every step, and goes on after a restart', async () => {
  const run = async (steps: number, state?: AdamWState) => {
    const parameter = new Parameter('w', [1], [1]);
    const drawn: number[] = [];
    const loss = (_: readonly number[], random: Random) => {
      drawn.push(random.uint32());
      return sum(parameter.tensor());
    };
    const trainer = new Trainer(
      { items: range(8), lengthOf: one, parameters: [parameter], loss },
      options,
      new Random(1),
    );
    if (state) trainer.restore(state);
    for (const _ of range(steps)) await trainer.trainStep();
    return { drawn, state: await trainer.state() };
  };
  const whole = await run(4);
  assert.equal(new Set(whole.drawn).size, 4);
  const first = await run(3);
  const rest = await run(1, first.state);
  assert.deepEqual([...first.drawn, ...rest.drawn], whole.drawn);
});

test('the learning rate reaches 0 with the last batch, however many batches an epoch has', async () => {
  const lengths = range(40).map((item) => 1 + (item % 7));
  const trainer = toy(40, { batchTokens: 11, epochs: 12, learningRate: 3 });
  assert.ok(new Set(trainer.plan.stepsPerEpoch).size > 1, 'epochs of different numbers of batches');
  const [rates, tokens]: number[][] = [[], []];
  while (!trainer.done) {
    const { learningRate, batch } = await trainer.trainStep();
    rates.push(learningRate);
    tokens.push(total(batch.map((item) => lengths[item])));
  }
  const steps = trainer.totalSteps;
  assert.deepEqual(
    rates,
    range(steps).map((step) => 3 * linearSchedule(step, Math.ceil(0.1 * steps), steps)),
  );
  assert.ok(tokens.every((count) => count <= 11));
  assert.equal(total(tokens), 12 * total(lengths));
});

test('the learning rate warms up over a tenth of the steps and falls to 0', async () => {
  const trainer = toy(40, { batchSize: 2, epochs: 1, learningRate: 3 });
  const rates: number[] = [];
  while (!trainer.done) rates.push((await trainer.trainStep()).learningRate);
  assert.deepEqual(
    rates,
    range(20).map((step) => 3 * linearSchedule(step, 2, 20)),
  );
});

test("the learning rate of 'constant' stays as it is, whatever the warm-up; that of 'linear' is the default", async () => {
  const rates = async (changes: Partial<TrainingOptions>) => {
    const trainer = toy(40, { batchSize: 2, epochs: 1, learningRate: 3, warmupRatio: 0.5, ...changes });
    const taken: number[] = [];
    while (!trainer.done) taken.push((await trainer.trainStep()).learningRate);
    return taken;
  };
  assert.deepEqual(
    await rates({ lrSchedulerType: 'constant' }),
    range(20).map(() => 3),
  );
  const linear = range(20).map((step) => 3 * linearSchedule(step, 10, 20));
  assert.deepEqual(await rates({ lrSchedulerType: 'linear' }), linear);
  assert.deepEqual(await rates({}), linear);
  assert.deepEqual(
    await rates({ lrSchedulerType: 'cosine' }),
    range(20).map((step) => 3 * cosineSchedule(step, 10, 20)),
  );
  assert.deepEqual(
    await rates({ lrSchedulerType: 'constant_with_warmup' }),
    range(20).map((step) => 3 * Math.min(1, step / 10)),
  );
  // Steps, and not batches: those of two batches each.
  assert.deepEqual(
    await rates({ gradientAccumulationSteps: 2 }),
    range(10).map((step) => 3 * linearSchedule(step, 5, 10)),
  );
});

test("the first step of 'constant' changes the weights, which that of a warm-up does not", async () => {
  const after = async (lrSchedulerType: TrainingOptions['lrSchedulerType']) => {
    const parameter = new Parameter('w', [1], [1]);
    const loss = () => sum(mul(parameter.tensor(), parameter.tensor()));
    const objective = { items: range(40), lengthOf: one, parameters: [parameter], loss };
    const trainer = new Trainer(objective, { ...options, learningRate: 0.25, lrSchedulerType }, new Random(1));
    await trainer.trainStep();
    return parameter.value.item();
  };
  // AdamW: 1 - rate * (1 + decay)
  assert.ok(Math.abs((await after('constant')) - (1 - 0.25 * 1.1)) < 1e-6);
  assert.equal(await after('linear'), 1);
});

test('gradients are clipped to the norm, if there is one', async () => {
  const moments = async (maxGradNorm: number | null) => {
    const trainer = toy(4, { maxGradNorm, betas: [0, 0.98] });
    await trainer.trainStep();
    return (await trainer.state()).moments.get('w')?.m[0];
  };
  assert.equal(await moments(null), 2);
  assert.equal(await moments(10), 2);
  assert.ok(Math.abs(Number(await moments(0.5)) - 0.5) < 1e-6);
});

onEveryBackend(test, 'a loss that is not finite is an error that leaves everything as it was', async () => {
  const parameter = new Parameter('w', [1, 2], [2]);
  let factor = 1;
  const objective: Objective<number> = {
    items: range(8),
    lengthOf: one,
    parameters: [parameter],
    loss: () => sum(mul(parameter.tensor(), tensor([factor, factor]))),
  };
  const trainer = new Trainer(objective, { ...options, learningRate: 0.25 }, new Random(1));
  await trainer.trainStep();
  const before = [weights([parameter]), await trainer.state(), memory()];
  for (const bad of [Number.NaN, Infinity]) {
    factor = bad;
    await assert.rejects(trainer.trainStep(), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(
        error.message,
        new RegExp(`^The loss is ${bad} at step 2 of 4; lower the learning rate \\(now 0\\.25\\)`),
      );
      return true;
    });
    assert.equal(trainer.step, 1);
    assert.deepEqual([weights([parameter]), await trainer.state(), memory()], before);
  }
  factor = 1;
  assert.equal((await trainer.trainStep()).step, 2);
});

onEveryBackend(test, 'a weight decay that lets weights grow is named', async () => {
  const parameter = new Parameter('w', [1, 2], [2]);
  const objective = { items: range(8), lengthOf: one, parameters: [parameter], loss: () => tensor(Number.NaN) };
  const trainer = new Trainer(objective, { ...options, learningRate: 0.25, weightDecay: 1e9 }, new Random(1));
  await assert.rejects(
    trainer.trainStep(),
    /; lower the weight decay \(now 1000000000\) or the learning rate \(now 0\.25\)\.$/,
  );
});

onEveryBackend(test, 'so is a gradient that is not finite, whatever the clipping', async () => {
  for (const maxGradNorm of [1, null]) {
    const parameter = new Parameter('w', [0], [1]);
    // √w has the value 0 and the slope 1/0 at 0.
    const objective = {
      items: range(4),
      lengthOf: one,
      parameters: [parameter],
      loss: () => sum(sqrt(parameter.tensor())),
    };
    const trainer = new Trainer(objective, { ...options, maxGradNorm }, new Random(1));
    await assert.rejects(trainer.trainStep(), /^InputError: The gradient has the norm (Infinity|NaN) at step 1 of/);
    assert.deepEqual([weights([parameter]), trainer.step], [[[0]], 0]);
  }
});

test.run();
