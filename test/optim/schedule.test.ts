import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { constantWithWarmupSchedule, cosineSchedule, linearSchedule } from '../../src/optim/index.ts';
import { range } from '../support/values.ts';

const test = suite('optim: schedule');

const runs = fc.integer({ min: 1, max: 200 }).chain((steps) => fc.tuple(fc.nat({ max: steps }), fc.constant(steps)));

const property = (holds: (factors: number[], warmup: number, steps: number) => void) =>
  fc.assert(
    fc.property(runs, ([warmup, steps]) =>
      holds(
        range(steps + 1).map((step) => linearSchedule(step, warmup, steps)),
        warmup,
        steps,
      ),
    ),
    { seed: 1, numRuns: 200 },
  );

test('factors lie in [0, 1], rise in the warm-up and fall behind it', () => {
  property((factors, warmup) => {
    for (const [step, factor] of factors.entries()) {
      assert.ok(factor >= 0 && factor <= 1);
      if (step > 0 && step < warmup) assert.ok(factor > factors[step - 1]);
      if (step > warmup) assert.ok(factor < factors[step - 1]);
    }
  });
});

test('the warm-up starts at 0, the top is 1, and the run ends at 0', () => {
  property((factors, warmup, steps) => {
    assert.equal(factors[0], warmup === 0 ? 1 : 0);
    if (warmup < steps) assert.equal(factors[warmup], 1);
    assert.equal(factors[steps], 0);
    assert.ok(
      factors.slice(1, steps).every((factor) => factor > 0),
      'only the first and the last rate can be 0',
    );
  });
});

test('both parts are straight lines', () => {
  property((factors, warmup, steps) => {
    for (let step = 1; step < steps; step++) {
      const bend = factors[step + 1] - 2 * factors[step] + factors[step - 1];
      if (step !== warmup && warmup < steps) assert.ok(Math.abs(bend) < 1e-12, `${bend} at ${step}`);
    }
  });
});

test('factors are those of get_scheduler of transformers 5.24, by name, warm-up and steps', () => {
  const golden = [
    { schedule: linearSchedule, warmup: 2, factors: [0, 0.5, 1, 0.8, 0.6, 0.4, 0.2] },
    {
      schedule: cosineSchedule,
      warmup: 2,
      factors: [0, 0.5, 1, 0.9045084971874737, 0.6545084971874737, 0.34549150281252633, 0.09549150281252633],
    },
    {
      schedule: cosineSchedule,
      warmup: 0,
      factors: [1, 0.9045084971874737, 0.6545084971874737, 0.34549150281252633, 0.09549150281252633],
    },
    { schedule: constantWithWarmupSchedule, warmup: 2, factors: [0, 0.5, 1, 1, 1, 1, 1] },
  ];
  for (const { schedule, warmup, factors } of golden) {
    for (const [step, factor] of factors.entries()) {
      const found = schedule(step, warmup, factors.length);
      assert.ok(Math.abs(found - factor) < 1e-15, `${schedule.name} ${step}: ${found}`);
    }
  }
});

test('the cosine falls from 1 to 0 and is 1/2 halfway, and the warm-up is that of the line', () => {
  fc.assert(
    fc.property(runs, ([warmup, steps]) => {
      const factors = range(steps + 1).map((step) => cosineSchedule(step, warmup, steps));
      for (const step of range(warmup)) assert.equal(factors[step], linearSchedule(step, warmup, steps));
      if (warmup === steps) return;
      assert.deepEqual([factors[warmup], factors[steps]], [1, 0]);
      for (let step = warmup + 1; step <= steps; step++) assert.ok(factors[step] < factors[step - 1]);
      const middle = (warmup + steps) / 2;
      if (Number.isInteger(middle)) assert.ok(Math.abs(factors[middle] - 0.5) < 1e-12);
    }),
    { seed: 1, numRuns: 200 },
  );
});

test.run();
