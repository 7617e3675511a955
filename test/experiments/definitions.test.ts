import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { experiments } from '../../src/experiments/definitions.ts';
import { SweepPlan, type SweepSettings } from '../../src/experiments/plan.ts';
import { pointsOf, usualGrid } from '../../src/experiments/protocol.ts';
import { sampleMean } from '../../src/experiments/statistics.ts';
import { paperTasks } from '../../src/experiments/tasks.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { useBackend } from '../support/on-backend.ts';
import { tinyBartFolder } from '../support/tiny-bart.ts';
import { tinyGlue } from '../support/tiny-glue.ts';
import { tinyBert, tinyFolder } from '../support/tiny-model.ts';

const test = suite('experiments: definitions');

/** That of section 3. */
const paperGrid = {
  ...{ learningRate: [1e-5, 2e-5, 5e-5, 1e-4, 2e-4], epochs: [5, 10, 15, 20], batchSize: [8, 16, 32, 64] },
};
useBackend(test, 'reference');

const model = tinyFolder();
const settings: SweepSettings = {
  ...{ models: [model], data: tinyGlue(), seeds: [1, 2, 3], grid: usualGrid, pooling: 'cls', backend: 'wasm' },
};
const planOf = (name: string, changes: Partial<SweepSettings> = {}) => {
  const experiment = experiments.find((candidate) => candidate.name === name);
  assert.ok(experiment);
  return new SweepPlan(experiment, { ...settings, ...changes }, (hash) => `/runs/${hash}`);
};

test('every row is named once, and names rows that are there', () => {
  for (const { name, rows, published } of experiments) {
    const ids = rows.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length, name);
    for (const { fuses, against } of rows) {
      for (const id of [fuses, against]) assert.ok(id === undefined || ids.includes(id), `${name}: ${id}`);
    }
    for (const scores of Object.values(published))
      assert.deepEqual(
        Object.keys(scores),
        ids.filter((id) => id in scores),
      );
  }
});

test('the printed means are those of the printed scores, but for two misprints', () => {
  const wrong = new Set<string>();
  for (const { name, published } of experiments) {
    for (const [backbone, rows] of Object.entries(published)) {
      for (const [id, { average, ...scores }] of Object.entries(rows)) {
        const values = paperTasks.flatMap((task) => scores[task] ?? []);
        if (values.length < 4) continue;
        if (Math.abs(sampleMean(values) - (average as number)) > 0.0501) wrong.add(`${name} ${backbone} ${id}`);
      }
    }
  }
  // 73.5 and 78.3 would be right.
  assert.deepEqual([...wrong], ['table1 BERT magnitude', 'table4 RoBERTa s-lora']);
});

test('the defaults are the protocol of the paper', () => {
  assert.equal(pointsOf(paperGrid).length, 5 * 4 * 4);
  const plan = planOf('table1');
  const [run] = plan.result({ model, row: plan.rows[5], task: 'rte' }, () => null);
  const { learningRate, epochs, batchSize, betas, weightDecay, warmupRatio } = run.settings;
  assert.deepEqual([learningRate, epochs, batchSize], [1e-4, 10, 16]);
  assert.deepEqual([betas, weightDecay, warmupRatio], [[0.9, 0.98], 0.1, 0.1]);
  assert.equal(run.settings.adapter.bottleneck, 64);
  assert.deepEqual([run.settings.pruning, run.settings.sparsity], ['snip', 0.4]);
  // The tiny model has 24 positions.
  assert.equal(run.settings.maxLength, 24);
});

test('a run that two experiments have in common is one run', () => {
  const hashes = ['table1', 'table3'].map((name) => {
    const plan = planOf(name);
    const row = plan.rows.find(({ id }) => id === 'adapter');
    assert.ok(row);
    return plan.result({ model, row, task: 'rte' }, () => null).map(({ hash }) => hash);
  });
  assert.deepEqual(hashes[0], hashes[1]);
  assert.equal(new Set(hashes[0]).size, 3);
});

test('the number of runs counts seeds, and grids once', () => {
  assert.equal(planOf('table1').size, 7 * 4 * 3);
  assert.equal(planOf('table1', { tasks: ['rte'], rows: ['adapter', 'snip'], grid: paperGrid }).size, 2 * (80 + 2));
});

test('rows bring what they fuse or are compared with, and a fusion needs two tasks', () => {
  const ids = (changes: Partial<SweepSettings>) => planOf('table4', changes).rows.map(({ id }) => id);
  assert.deepEqual(ids({ rows: ['s-fusion'] }), ['pfeiffer', 's-pfeiffer', 'fusion', 's-fusion']);
  assert.deepEqual(ids({ rows: ['s-lora'] }), ['lora', 's-lora']);
  const single = planOf('table4', { tasks: ['rte'] });
  assert.deepEqual(
    single.rows.map(({ id }) => id),
    ['pfeiffer', 's-pfeiffer', 'lora', 's-lora', 'mam', 's-mam'],
  );
  assert.match(single.warnings.join(), /AF is left out: it fuses the adapters of two tasks or more/);
  assert.throws(
    () => planOf('table1', { rows: ['snap'] }),
    /table1 has no method 'snap'; it has full, adapter, random/,
  );
});

test('each task takes the models that can do it, as long inputs as it has, and its own data', () => {
  const more = { 'squad/train.json': '', 'squad/dev-v1.json': '', 'xsum/train.csv': '', 'xsum/test.csv': '' };
  const data = tinyGlue({ more });
  const bart = tinyBartFolder(undefined, { max_position_embeddings: 600 });
  const encoder = tinyFolder({ config: { ...tinyBert, max_position_embeddings: 600 } });
  const plan = planOf('table2', { data, models: [encoder, bart], rows: ['s40'], pooling: 'mean' });
  const runs = plan.cells
    .filter(({ row }) => row.id === 's40')
    .flatMap((cell) => plan.result(cell, () => null).slice(0, 1));
  assert.deepEqual(
    runs.map(({ cell, settings: { maxLength, pooling } }) => [cell.task, cell.model, maxLength, pooling]),
    [
      ...paperTasks.map((task) => [task, encoder, 512, 'mean']),
      ['squad', encoder, 384, undefined],
      ['xsum', bart, 512, undefined],
    ],
  );
  const [squad, xsum] = runs.slice(-2).map(({ settings }) => settings);
  assert.deepEqual(
    [squad.task, squad.data, squad.evalData, squad.stride],
    ['squad', join(data, 'squad', 'train.json'), join(data, 'squad', 'dev-v1.json'), 128],
  );
  assert.deepEqual(
    [xsum.task, xsum.data, xsum.evalData, xsum.maxTargetLength],
    ['xsum', join(data, 'xsum', 'train.csv'), join(data, 'xsum', 'test.csv'), 128],
  );
});

test('GLUE may have a folder of its own among the data', () => {
  const folder = temporaryFolder({ 'glue/RTE/train.tsv': '', 'glue/RTE/dev.tsv': '' });
  const [cell] = planOf('table1', { data: folder, tasks: ['rte'] }).cells;
  const dataIn = (data: string) => planOf('table1', { data, tasks: ['rte'] }).result(cell, () => null)[0].settings.data;
  assert.equal(dataIn(folder), join(folder, 'glue'));
  assert.equal(dataIn(join(folder, 'glue')), join(folder, 'glue'));
});

test('a task that no model can do is left out, or refused where it was asked for', () => {
  const data = temporaryFolder({ 'squad/train.json': '', 'squad/dev.json': '' });
  const plan = planOf('table2', { data });
  assert.deepEqual(plan.tasks, [...paperTasks, 'squad']);
  assert.deepEqual(plan.warnings, ['XSum is left out: it takes a BART among the models']);
  const bart = tinyBartFolder();
  const refused: [Partial<SweepSettings>, RegExp][] = [
    [{ tasks: ['xsum'] }, /^InputError: None of .* can do XSum: it takes a BART among the models\.$/],
    [{ models: [bart], tasks: ['rte'] }, /None of .* can do RTE: it takes a BERT or RoBERTa among the models/],
    [
      { tasks: ['squad'], data: '/no-such-folder' },
      /^InputError: .*no-such-folder has no folder squad: put the files of that task there, or choose others with --tasks/,
    ],
  ];
  for (const [changes, message] of refused) assert.throws(() => planOf('table2', changes), message);
  assert.throws(
    () => planOf('table1', { tasks: ['squad'] }),
    /table1 has no task 'squad'; it has cola, mrpc, stsb, rte/,
  );
});

test.run();
