import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { experiments } from '../../src/experiments/definitions.ts';
import { SweepPlan, type SweepSettings } from '../../src/experiments/plan.ts';
import { grids, paperTasks, pointsOf } from '../../src/experiments/protocol.ts';
import { mean } from '../../src/experiments/statistics.ts';
import { trainingDefaults } from '../../src/training/index.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('experiments: definitions');

const model = tinyFolder();
const settings: SweepSettings = {
  ...{ models: [model], data: '/data', seeds: [1, 2, 3], grid: grids.small, pooling: 'cls', backend: 'wasm' },
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
        if (Math.abs(mean(values) - (average as number)) > 0.0501) wrong.add(`${name} ${backbone} ${id}`);
      }
    }
  }
  // 73.5 and 78.3 would be right.
  assert.deepEqual([...wrong], ['table1 BERT magnitude', 'table4 RoBERTa s-lora']);
});

test('the defaults are the protocol of the paper', () => {
  assert.equal(pointsOf(grids.paper).length, 5 * 4 * 4);
  const plan = planOf('table1');
  const [run] = plan.result({ model, row: plan.rows[5], task: 'rte' }, () => null);
  assert.deepEqual(run.settings.training, { ...trainingDefaults, learningRate: 1e-4, epochs: 10, batchSize: 16 });
  assert.deepEqual([run.settings.training.betas, run.settings.training.weightDecay], [[0.9, 0.98], 0.1]);
  assert.equal(run.settings.training.warmupRatio, 0.1);
  assert.equal(run.settings.adapter.bottleneck, 64);
  assert.deepEqual([run.settings.pruning?.method, run.settings.pruning?.sparsity], ['snip', 0.4]);
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
  assert.equal(planOf('table1', { tasks: ['rte'], rows: ['adapter', 'snip'], grid: grids.paper }).size, 2 * (80 + 2));
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
  assert.throws(() => planOf('table1', { rows: ['snap'] }), /table1 has no row 'snap'; it has full, adapter, random/);
});

test.run();
