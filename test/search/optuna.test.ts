import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { type Distribution, distributionOf, type Point } from '../../src/search/distribution.ts';
import { judge, rungStep } from '../../src/search/halving.ts';
import { logMassBelow, logMassBetween, truncatedQuantile } from '../../src/search/normal.ts';
import { observationWeights, ParzenEstimator } from '../../src/search/parzen.ts';
import { bestCandidate, goodCount, splitTrials } from '../../src/search/tpe.ts';
import type { Direction, Trial, TrialState } from '../../src/search/trial.ts';
import optuna from './optuna-numbers.json' with { type: 'json' };

const test = suite('search: numbers of Optuna');

/** Asserts that a number is that of Optuna. */
function close(actual: number, expected: number, tolerance = 1e-9): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance * Math.max(1e-3, Math.abs(expected)),
    `${actual}, not ${expected}`,
  );
}

function allClose(actual: readonly number[], expected: readonly number[], tolerance?: number): void {
  assert.equal(actual.length, expected.length);
  for (const [i, x] of actual.entries()) close(x, expected[i], tolerance);
}

const spaceOf = (space: object): Map<string, Distribution> =>
  new Map(Object.entries(space).map(([name, stored]) => [name, distributionOf(JSON.stringify(stored))]));

/** Points of columns of values by parameter. */
function pointsOf(columns: Readonly<Record<string, readonly number[]>>): Point[] {
  const entries = Object.entries(columns);
  return entries[0][1].map((_, i) => new Map(entries.map(([name, values]) => [name, values[i]])));
}

test('the normal distribution, far into its tails', () => {
  allClose(optuna.logNdtr.x.map(logMassBelow), optuna.logNdtr.y);
  for (const { a, b, logMass, q, x } of optuna.truncatedNormal) {
    close(logMassBetween(a, b), logMass);
    allClose(
      q.map((quantile) => truncatedQuantile(quantile, a, b)),
      x,
      1e-6,
    );
  }
});

test('weights of observations, and how many trials are good', () => {
  for (const [m, weights] of Object.entries(optuna.weights)) {
    allClose(observationWeights(Number(m)), weights);
  }
  assert.deepEqual(
    optuna.gamma.default.map((_, n) => goodCount(n)),
    optuna.gamma.default,
  );
});

for (const { name, space, observations, mixtureWeights, kernels, x, logPdf } of optuna.parzen) {
  test(`a Parzen estimator: ${name}`, () => {
    const distributions = spaceOf(space);
    const columns = observations as unknown as Record<string, number[]>;
    const estimator = new ParzenEstimator(distributions, pointsOf(columns));
    allClose(estimator.weights, mixtureWeights);
    [...estimator.kernels.values()].forEach((own, place) => {
      const expected = kernels[place] as { mu?: number[]; sigma?: number[]; weights?: number[][] };
      own.forEach((kernel, i) => {
        if ('probabilities' in kernel) {
          allClose(kernel.probabilities, expected.weights?.[i] ?? []);
        } else {
          close(kernel.mu, expected.mu?.[i] ?? Number.NaN);
          close(kernel.sigma, expected.sigma?.[i] ?? Number.NaN);
        }
      });
    });
    const points = pointsOf(x as unknown as Record<string, number[]>);
    allClose(
      points.map((point) => estimator.logDensity(point)),
      logPdf,
    );
  });
}

const states: Readonly<Record<string, TrialState>> = {
  COMPLETE: 'complete',
  PRUNED: 'pruned',
  RUNNING: 'running',
  FAIL: 'failed',
};

test('good trials and the rest, and the point that is chosen', () => {
  const trials = optuna.choice.trials.map(
    ({ number, lr, state, value, intermediate }): Trial => ({
      number,
      state: states[state],
      value: value ?? null,
      point: new Map([['lr', lr]]),
      reports: new Map(Object.entries(intermediate ?? {}).map(([step, score]) => [Number(step), Number(score)])),
    }),
  );
  const space = new Map([['lr', { kind: 'float', low: 1e-5, high: 1e-2, log: true, step: null }] as const]);
  for (const split of optuna.choice.splits.filter(({ constantLiar }) => constantLiar)) {
    const direction = split.direction as Direction;
    const numbers = (count: number) => {
      const { good, rest } = splitTrials(trials, direction, count);
      return [good, rest].map((some) => some.map(({ number }) => number));
    };
    assert.deepEqual(numbers(2), [split.below2, split.above2]);
    assert.deepEqual(numbers(10), [split.below10, split.above10]);
    assert.deepEqual(numbers(12), [split.below12, split.above12]);
    const { good, rest } = splitTrials(trials, direction, split.gamma);
    const [l, g] = [good, rest].map(
      (some) =>
        new ParzenEstimator(
          space,
          some.map(({ point }) => point),
        ),
    );
    const candidates = split.candidates.map((lr): Point => new Map([['lr', lr]]));
    candidates.forEach((point, i) => {
      close(l.logDensity(point), split.logL[i]);
      close(g.logDensity(point), split.logG[i]);
    });
    assert.equal(bestCandidate(candidates, l, g).get('lr'), split.chosen);
  }
});

test('the steps of rungs', () => {
  for (const { steps, ...options } of optuna.rungs) {
    const s = options.minEarlyStoppingRate;
    assert.deepEqual(
      steps.map((_, rung) => rungStep(options, rung + s)),
      steps,
    );
  }
});

for (const [i, { direction, log, rungAttrs, ...options }] of optuna.asha.entries()) {
  test(`successive halving: study ${i}, report by report`, () => {
    const reached = new Map<number, Map<number, number>>();
    for (const [number, step, score, isPruned] of log as [number, number, number | null, boolean][]) {
      const value = score ?? Number.NaN;
      const own = reached.get(number) ?? new Map<number, number>();
      reached.set(number, own);
      const rungs: number[][] = [];
      for (const [other, scores] of reached) {
        if (other === number) continue;
        for (const [rung, reachedWith] of scores) rungs[rung] = [...(rungs[rung] ?? []), reachedWith];
      }
      const judged = judge(step, value, own.size, rungs, direction as Direction, options);
      for (const rung of judged.reached) own.set(rung, value);
      assert.equal(judged.isPruned, isPruned, `trial ${number} at step ${step}`);
    }
    for (const [number, attributes] of Object.entries(rungAttrs)) {
      const own = reached.get(Number(number)) ?? new Map();
      const named = Object.fromEntries([...own].map(([rung, value]) => [`completed_rung_${rung}`, value]));
      assert.deepEqual(named, attributes);
    }
  });
}

test.run();
