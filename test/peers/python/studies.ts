import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { parametersOf, type SearchResult, search, searchSpace } from '../../../src/search/index.ts';
import { temporaryFolder } from '../../io/temporary.ts';
import { reviewFolder } from '../../support/reviews.ts';
import { tinyFolder } from '../../support/tiny-model.ts';
import type { Answer, Job } from './script.ts';

const data = reviewFolder();
const [model, output] = [tinyFolder(), temporaryFolder()];
const searched = (trials: number): Promise<SearchResult> =>
  search({
    settings: {
      ...{ model, data: join(data, 'train.csv'), evalData: join(data, 'dev.csv'), text: ['text'] },
      ...{ label: 'score', adapter: { kind: 'houlsby', bottleneck: 4 }, epochs: 4, evaluations: 4, pruning: 'random' },
    },
    space: searchSpace({ 'learning-rate': 'log:1e-4:1e-1', sparsity: '0.2,0.4,0.8' }),
    ...{ output, trials, halving: { minResource: 1, reductionFactor: 2 } },
  });

/** Trials that Optuna runs in the study. */
const OWN = 12;
const queued = { learningRate: 0.02, sparsity: 0.8 };
const before = await searched(5);

/** A job for the environment with Optuna. */
export const studyJob: Job & Readonly<Record<string, unknown>> = {
  ...{ id: 'study', script: 'optuna_go_on', study: 'sparse-adapter', journal: join(output, 'journal.log') },
  ...{ own: OWN, queued },
};

const states = { complete: 'COMPLETE', pruned: 'PRUNED', failed: 'FAIL', running: 'RUNNING', waiting: 'WAITING' };

export function testStudies({ told, error }: Answer): void {
  const test = suite('peers: studies in Optuna');

  test('Optuna reads a study as it is here: the best trial, points, states and scores', () => {
    assert.equal(error, undefined);
    const { study, best, direction, metric } = before;
    assert.deepEqual(told, {
      ...{ best: best?.number, direction, metrics: [metric] },
      trials: study.trials.map((trial) => ({
        number: trial.number,
        [`value_${metric}`]: trial.value,
        ...Object.fromEntries(Object.entries(parametersOf(trial)).map(([name, value]) => [`params_${name}`, value])),
        state: states[trial.state],
      })),
    });
    assert.ok(study.trials.some(({ state }) => state === 'pruned'));
  });

  test('a study that Optuna went on with goes on here: the trial that it queued, then one of our own', async () => {
    const { study } = await searched(5 + OWN + 2);
    assert.equal(study.trials.length, 5 + OWN + 2);
    const [own, first, second] = [study.trials.slice(5, 5 + OWN), study.trials[5 + OWN], study.trials[6 + OWN]];
    assert.ok(own.every(({ state, reports }) => state === 'complete' && reports.size === 1));
    assert.deepEqual(parametersOf(first), queued);
    for (const trial of [first, second]) assert.ok(trial.state === 'complete' || trial.state === 'pruned');
  });

  test.run();
}
