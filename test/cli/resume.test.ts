import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { snapshot, sparseAdapter, succeed } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: stop and resume');

const folder = reviewFolder();
const model = tinyFolder();
const at = (...names: string[]) => join(folder, ...names);
const bytes = (output: string) => readFileSync(at(output, 'adapter.safetensors'));
const readMetrics = (output: string) => JSON.parse(readFileSync(at(output, 'metrics.json'), 'utf8'));

const train = (output: string) => [
  ...['train', '--model', model, '--data', at('train.csv'), '--eval-data', at('dev.csv')],
  ...['--text', 'text', '--label', 'mood', '--output', at(output), '--bottleneck', '4'],
  ...['--learning-rate', '0.01', '--epochs', '150', '--batch-size', '5'],
];
/** Takes seconds: a wide adapter is scored on every example twice, one at a time. */
const slowPruning = [
  ...['--pruning', 'grasp', '--pruning-examples', '24', '--batch-size', '1', '--bottleneck', '512'],
  ...['--backend', 'reference'],
];
const resume = (output: string) => ['train', '--resume', '--output', at(output)];

test('a run stopped twice ends with the same bytes as one that was not', async () => {
  const [, first] = await Promise.all([
    succeed(train('whole')),
    sparseAdapter(train('parts'), { signal: { after: 'pruned', name: 'SIGINT' } }),
  ]);
  assert.equal(first.code, 130, first.stderr);
  assert.equal(first.stdout, '');
  assert.match(first.stderr, /\nstopped after step \d+ of 750; continue with: sparse-adapter train --resume --output /);
  assert.deepEqual(readdirSync(at('parts')), ['checkpoint.safetensors']);

  const second = await sparseAdapter([...resume('parts'), '--json'], { signal: { after: 'pruned', name: 'SIGTERM' } });
  assert.equal(second.code, 143, second.stderr);
  const { status, step } = JSON.parse(second.stdout);
  assert.equal(status, 'stopped');
  assert.ok(step < 750);

  const last = await succeed([...resume('parts'), '--learning-rate', '0.01']);
  assert.match(last.stdout, /accuracy/);
  assert.deepEqual(bytes('parts'), bytes('whole'));
  const [parts, whole] = [readMetrics('parts'), readMetrics('whole')];
  for (const key of ['metrics', 'epoch_losses', 'steps', 'trained_parameters']) {
    assert.deepEqual(parts[key], whole[key], key);
  }
  assert.ok(!existsSync(at('parts', 'checkpoint.safetensors')));
});

test('what does not go with a stopped or a finished run is refused and changes nothing', async () => {
  await sparseAdapter(train('stopped'), { signal: { after: 'pruned', name: 'SIGINT' } });
  await succeed([...train('finished'), '--epochs', '1']);
  const before = snapshot(folder);
  const cases: [args: string[], code: number, message: RegExp][] = [
    [train('stopped'), 1, /holds a stopped run: continue it with train --resume .*, or replace it with --overwrite/],
    [train('finished'), 1, /holds a finished run: choose another output folder, or replace it with --overwrite/],
    [resume('finished'), 1, /no checkpoint\.safetensors to resume from: its run is finished/],
    [resume('nowhere'), 1, /no checkpoint\.safetensors to resume from/],
    [['evaluate', at('stopped')], 1, /the run was stopped; finish it with train --resume/],
    [['train', '--resume'], 2, /--resume needs --output/],
    [[...resume('stopped'), '--overwrite'], 2, /'--resume' cannot be used with option '--overwrite'/],
    [[...resume('stopped'), '--learning-rate', '0.1'], 2, /--learning-rate 0\.1 .* the stopped run has 0\.01/],
    [[...resume('stopped'), '--task', 'rte'], 2, /--task rte .* the stopped run has text-classification/],
  ];
  await Promise.all(
    cases.map(async ([args, code, message]) => {
      const outcome = await sparseAdapter(args);
      assert.equal(outcome.code, code, outcome.stderr);
      assert.match(outcome.stderr, message);
    }),
  );
  assert.deepEqual(snapshot(folder), before);

  const facts = JSON.parse((await succeed(['info', at('stopped'), '--json'])).stdout);
  assert.equal(facts.status, 'stopped');
  await succeed([...train('stopped'), '--epochs', '1', '--overwrite']);
  assert.ok(!existsSync(at('stopped', 'checkpoint.safetensors')));
});

test('a run stopped while its adapter is pruned saves nothing', async () => {
  const before = snapshot(folder);
  const [, ...options] = train('early-too');
  const untrained = options.slice(0, options.indexOf('--learning-rate'));
  const signal = { after: 'pruning', name: 'SIGINT' } as const;
  const outcomes = await Promise.all([
    sparseAdapter([...train('early'), ...slowPruning], { signal }),
    sparseAdapter(['prune', ...untrained, ...slowPruning], { signal }),
  ]);
  for (const { code, stdout, stderr } of outcomes) {
    assert.equal(code, 130, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, /\nstopped; nothing was saved\n$/);
  }
  assert.deepEqual(snapshot(folder), before);
});

test('a run whose training data have changed is not resumed', async () => {
  const data = at('changing.csv');
  const rows = readFileSync(at('train.csv'), 'utf8');
  writeFileSync(data, rows);
  await sparseAdapter([...train('changed'), '--data', data], { signal: { after: 'pruned', name: 'SIGINT' } });
  const before = snapshot(at('changed'));
  writeFileSync(data, rows.replace('good', 'bad'));
  const { code, stderr } = await sparseAdapter(resume('changed'));
  assert.equal(code, 1, stderr);
  assert.match(
    stderr,
    /error: The training data of .*changed are not what they were when it was stopped; restore them/,
  );
  assert.deepEqual(snapshot(at('changed')), before);
});

test.run();
