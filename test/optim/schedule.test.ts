import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { linearSchedule } from '../../src/optim/index.ts';
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

test.run();
