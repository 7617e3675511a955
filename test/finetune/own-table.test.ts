import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { crossValidate, finetune } from '../../src/finetune/index.ts';
import { type DataReport, readRunConfig, readRunMetrics } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { tickets } from '../support/tickets.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('finetune: rows of a program, held out');

const rows = tickets({ billing: 40, outage: 24 });
const small = {
  ...{ model: tinyFolder(), text: 'text', label: 'queue', maxLength: 16, epochs: 1, batchSize: 16 },
  ...{ learningRate: 0.01, pruning: 'none' },
} as const;
const output = (): string => join(temporaryFolder(), 'run');

test('rows in memory are split as a file is, and rows to test on are scored at the end', async () => {
  const folder = output();
  const reports: DataReport[] = [];
  const testData = tickets({ billing: 5, outage: 5 }, 2);
  const run = await finetune({
    ...small,
    data: rows,
    testData,
    output: folder,
    onData: (report) => reports.push(report),
  });
  const { train, validation, test: tested } = reports[0].rows;
  assert.deepEqual([train, validation, tested], [57, 7, 10]);
  assert.equal(readRunConfig(folder).settings.validationSplit, 0.1);
  assert.deepEqual(run.trained?.test_metrics, readRunMetrics(folder).test_metrics);
  assert.ok('accuracy' in (run.trained?.test_metrics ?? {}));
  await assertRejectsInput(
    () => finetune({ ...small, data: rows, evalData: testData, validationSplit: 0.2, output: output() }),
    /validationSplit cannot be combined with evalData/,
  );
});

test('crossValidate gives the scores of all folds, and finetune refuses folds', async () => {
  const folder = output();
  const seen: number[] = [];
  const { folds, mean, standard_deviation } = await crossValidate({
    ...small,
    data: rows,
    folds: 2,
    output: folder,
    onFold: (fold) => seen.push(fold),
  });
  const [a, b] = folds.map(({ metrics }) => metrics.accuracy);
  assert.deepEqual([seen, mean.accuracy], [[1, 2], (a + b) / 2]);
  assert.ok(Math.abs(standard_deviation.accuracy - Math.abs(a - b) / Math.SQRT2) < 1e-12);
  assert.ok(existsSync(join(folder, 'fold-2', 'adapter.safetensors')));
  await assertRejectsInput(
    () => finetune({ ...small, data: rows, folds: 2, output: output() }),
    /folds is for a cross-validation/,
  );
});

test.run();
