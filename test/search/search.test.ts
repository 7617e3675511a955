import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';
import { parametersOf, type SearchOptions, search, searchSpace, writeSearch } from '../../src/search/index.ts';
import { Journal } from '../../src/search/journal.ts';
import { trialFolder } from '../../src/search/search.ts';
import type { GivenSettings } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { useBackend } from '../support/on-backend.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('search: trials');
useBackend(test, 'wasm');

const data = reviewFolder();
const settings: GivenSettings = {
  model: tinyFolder(),
  data: join(data, 'train.csv'),
  evalData: join(data, 'dev.csv'),
  text: ['text'],
  label: 'mood',
  adapter: { kind: 'houlsby', bottleneck: 4 },
  epochs: 2,
  batchSize: 6,
  pruning: 'random',
};
const space = searchSpace({ 'learning-rate': 'log:1e-4:1e-1', sparsity: '0.2,0.4,0.8' });

const options = (more: Partial<SearchOptions> = {}): SearchOptions => ({
  ...{ settings, space, output: temporaryFolder(), trials: 3 },
  ...more,
});

/** What must not depend on interruptions: points, states and scores. */
const told = ({ study }: Awaited<ReturnType<typeof search>>) =>
  study.trials.map((trial) => [trial.number, trial.state, trial.value, parametersOf(trial)]);

test('a search trains its trials, and the best one can be read from its folder', async () => {
  const given = options();
  const result = await search(given);
  assert.equal(result.status, 'finished');
  assert.deepEqual([result.metric, result.direction], ['accuracy', 'maximize']);
  assert.equal(result.study.trials.length, 3);
  const scores = result.study.trials.map(({ value }) => value as number);
  assert.equal(result.best?.value, Math.max(...scores));
  const metrics = JSON.parse(readFileSync(join(trialFolder(given.output, { number: 0 }), 'metrics.json'), 'utf8'));
  assert.equal(metrics.metrics.accuracy, scores[0]);
  // The same again finds all done.
  assert.deepEqual(told(await search(given)), told(result));
});

test('a grid tries each point once', async () => {
  const grid = searchSpace({ sparsity: '0.2,0.4', bottleneck: '2,4' });
  const { study } = await search(options({ space: grid, method: 'grid', trials: undefined }));
  const points = study.trials.map((trial) => JSON.stringify(parametersOf(trial)));
  assert.equal(points.length, 4);
  assert.equal(new Set(points).size, 4);
});

test('a search that is stopped goes on, and ends as one that was not', async () => {
  const whole = await search(options());
  const given = options();
  const controller = new AbortController();
  let steps = 0;
  const run = { onStep: () => ++steps === 10 && controller.abort() };
  const stopped = await search({ ...given, signal: controller.signal, events: { run } });
  assert.equal(stopped.status, 'stopped');
  assert.ok(stopped.study.trials.some(({ state }) => state === 'running'));
  assert.deepEqual(told(await search(given)), told(whole));
});

test('a trial whose process died, with its folder or without, is run again', async () => {
  const given = options();
  const whole = await search(given);
  const lines = readFileSync(join(given.output, 'journal.log'), 'utf8').split('\n');
  // As if the process had died before the last trial ended.
  const last = lines.findLastIndex((line) => line.includes('"op_code":6'));
  const other = options();
  appendFileSync(join(other.output, 'journal.log'), `${lines.slice(0, last).join('\n')}\n`);
  rmSync(trialFolder(other.output, { number: 2 }), { recursive: true, force: true });
  assert.deepEqual(told(await search(other)).slice(2), told(whole).slice(2));
});

test('two searches of one study share its trials', async () => {
  const given = options({ trials: 4 });
  const [a, b] = await Promise.all([search(given), search(given)]);
  const { study } = a.study.trials.every(({ state }) => state === 'complete') ? a : b;
  assert.equal(study.trials.length, 4);
  assert.ok(study.trials.every(({ state }) => state === 'complete'));
});

test('hopeless trials end early and leave no folder', async () => {
  const rates = searchSpace({ 'learning-rate': '0.05,0.02,1e-9,1e-8' });
  const halving = { minResource: 6, reductionFactor: 4 };
  // Scores of numbers differ where those of a few classes are equal.
  const shared = { ...settings, label: 'score', epochs: 9, evaluations: 9 };
  const given = options({ space: rates, method: 'grid', trials: undefined, halving, settings: shared });
  const { study } = await search(given);
  assert.equal(study.trials[0].state, 'complete');
  assert.equal(study.trials[0].reports.size, 9);
  const pruned = study.trials.filter(({ state }) => state === 'pruned');
  assert.ok(pruned.length > 0);
  for (const trial of pruned) {
    assert.equal(trial.value, trial.reports.get(trial.reports.size));
    assert.ok(!existsSync(trialFolder(given.output, trial)));
  }
});

test('a trial that fails says why, and the next ones go on', async () => {
  // No model of 64 positions takes so long inputs.
  const lengths = searchSpace({ 'max-length': '16,100000' });
  const given = options({ space: lengths, method: 'grid', trials: undefined });
  const { study, best } = await search(given);
  assert.deepEqual(
    study.trials.map(({ state }) => state),
    ['complete', 'failed'],
  );
  assert.match(String(study.trials[1].userAttributes.get('error')), /100000/);
  assert.equal(best?.number, 0);
});

test('what no trial can have is one error before the first', async () => {
  const cases: [Partial<SearchOptions>, RegExp][] = [
    [{ metric: 'rouge1' }, /--metric \(metric\) is 'rouge1'; the scores of these data are accuracy/],
    [{ method: 'grid' }, /A grid needs values/],
    [{ settings: { ...settings, data: '/nowhere/train.csv' } }, /nowhere/],
    [
      { space: searchSpace({ 'class-weights': 'balanced', adapter: 'bitfit' }) },
      /pruning has no effect with adapter bitfit/,
    ],
    [{ settings: { ...settings, evalData: undefined, validationSplit: 0 } }, /needs rows to evaluate on/],
  ];
  for (const [more, pattern] of cases) {
    const given = options(more);
    await assert.rejects(search(given), (error: unknown) => error instanceof InputError && pattern.test(error.message));
    assert.ok(!existsSync(join(given.output, 'journal.log')), String(pattern));
  }
});

test('a study is of one score and one set of shared settings', async () => {
  const given = options({ trials: 1 });
  await search(given);
  await assert.rejects(search({ ...given, metric: 'f1_macro' }), /is to maximize accuracy, not to maximize f1_macro/);
  const longer = { ...settings, epochs: 5 };
  await assert.rejects(search({ ...given, settings: longer }), /was begun with epochs: 2, not 5/);
  // The order of an adapter's options is no other setting.
  await search({ ...given, settings: { ...settings, adapter: { bottleneck: 4, kind: 'houlsby' } } });
  assert.equal((await search({ ...given, settings: longer, study: 'longer' })).study.trials.length, 1);
});

test('a trial that Optuna has queued is run first, with what it fixes', async () => {
  const given = options({ trials: 1 });
  await search(given);
  const system_attrs = { fixed_params: { learningRate: 0.005, sparsity: 0.4 } };
  const path = join(given.output, 'journal.log');
  const queued = { op_code: 4, worker_id: 'x', study_id: 0, datetime_start: null, state: 4, system_attrs };
  appendFileSync(path, `${JSON.stringify(queued)}\n`);
  const { study } = await search({ ...given, trials: 2 });
  assert.equal(study.trials[1].state, 'complete');
  assert.deepEqual(parametersOf(study.trials[1]), { learningRate: 0.005, sparsity: 0.4 });
});

test('the files beside the journal: a table, a page and the best settings', async () => {
  const given = options();
  const result = await search(given);
  writeSearch(given.output, settings, space, result);
  const rows = readFileSync(join(given.output, 'trials.csv'), 'utf8').trim().split('\n');
  assert.equal(rows[0], 'trial,state,accuracy,learningRate,sparsity,seconds');
  assert.equal(rows.length, 4);
  const run = JSON.parse(readFileSync(join(given.output, 'run.json'), 'utf8'));
  assert.deepEqual(run, { ...settings, ...(result.best && parametersOf(result.best)) });
  const page = readFileSync(join(given.output, 'report.html'), 'utf8');
  assert.match(page, /<h2>History<\/h2>/);
  assert.match(page, /3 trials: 3 complete; maximize accuracy/);
  assert.equal(new Journal(join(given.output, 'journal.log')).studies.names.join(), 'sparse-adapter');
});

test.run();
