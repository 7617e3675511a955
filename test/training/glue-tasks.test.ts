import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { groupScores } from '../../src/training/group-scores.ts';
import { evaluateRun, type GivenSettings, readRunConfig } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { useBackend } from '../support/on-backend.ts';
import { tinyGlue } from '../support/tiny-glue.ts';
import { complete, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: the tasks of GLUE');
useBackend(test, 'wasm');

const data = tinyGlue();
const settingsOf = (task: string): GivenSettings => ({
  ...tinySettings,
  ...{ evalData: undefined, text: undefined, label: undefined },
  ...{ task, data, epochs: 1, maxLength: 20 },
});
const place = (): string => join(temporaryFolder(), 'run');

const cases: [task: string, labels: readonly string[], metrics: readonly string[]][] = [
  ['sst2', ['negative', 'positive'], ['accuracy']],
  ['qqp', ['not_duplicate', 'duplicate'], ['accuracy', 'f1']],
  ['qnli', ['entailment', 'not_entailment'], ['accuracy']],
  ['wnli', ['not_entailment', 'entailment'], ['accuracy']],
];
for (const [task, labels, metrics] of cases) {
  test(`${task} trains with its classes and its metrics`, async () => {
    const result = await tinyRun(place(), { settings: settingsOf(task) });
    assert.ok(result.status === 'finished');
    assert.deepEqual(result.config.labels, labels);
    assert.deepEqual(Object.keys(result.metrics.metrics ?? {}), metrics);
  });
}

test('MNLI is scored on both of its files; its run on the diagnostics', async () => {
  const output = place();
  const result = await tinyRun(output, { settings: settingsOf('mnli') });
  assert.ok(result.status === 'finished');
  const { metrics } = result.metrics;
  assert.ok(metrics);
  assert.deepEqual(Object.keys(metrics), ['accuracy', 'accuracy_matched', 'accuracy_mismatched']);
  assert.equal(metrics.accuracy, (metrics.accuracy_matched + metrics.accuracy_mismatched) / 2);
  assert.deepEqual((await evaluateRun(output)).metrics, metrics);

  const { settings } = readRunConfig(output);
  const diagnostics = await evaluateRun(output, { settings: { ...settings, task: 'ax' } });
  assert.deepEqual([diagnostics.data, diagnostics.examples], ['AX dev', 8]);
  assert.deepEqual(Object.keys(diagnostics.metrics), ['matthews']);
});

test('a part of the training file is held out where it is asked for, and the other file is not read', async () => {
  const output = place();
  // Development rows that cannot be read.
  const own = tinyGlue({ train: 40, more: { 'RTE/dev.tsv': 'no rows\n' } });
  const settings = { ...settingsOf('rte'), data: own, validationSplit: 0.2 };
  const result = await tinyRun(output, { settings });
  assert.ok(result.status === 'finished');
  const { report, answers, metrics } = result;
  assert.equal(report?.data, 'RTE train (validation split)');
  assert.deepEqual([report?.examples, answers?.targets.length], [8, 8]);
  assert.deepEqual([...(answers?.targets ?? [])].sort(), [0, 0, 0, 0, 1, 1, 1, 1]);
  assert.deepEqual((await evaluateRun(output)).metrics, metrics.metrics);
  const { settings: stored } = readRunConfig(output);
  assert.deepEqual([stored.validationSplit, stored.loadBestModelAtEnd], [0.2, undefined]);
});

test('there is nothing to train on in the diagnostics', async () => {
  await assertRejectsInput(
    async () => complete(settingsOf('ax')),
    /^AX has no rows to train on: train with task mnli, then evaluate that run with --task \(task\) ax\.$/,
  );
});

test('groups are scored by themselves, in the order in which they come', () => {
  const groups = ['b', undefined, 'a', 'b'];
  assert.deepEqual(
    groupScores(groups, (rows) => ({ sum: rows.reduce((sum, i) => sum + i, 0), count: rows.length })),
    { sum_b: 3, count_b: 2, sum_a: 2, count_a: 1 },
  );
});

test.run();
