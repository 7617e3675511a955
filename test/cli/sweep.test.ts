import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { temporaryFolder } from '../io/temporary.ts';
import { sparseAdapter, succeed } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: sweep');

const model = tinyFolder();
const data = reviewFolder();
const folder = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);

const training = [
  ...['--model', model, '--data', join(data, 'train.csv'), '--eval-data', join(data, 'dev.csv'), '--text', 'text'],
  ...['--label', 'mood', '--bottleneck', '4', '--pruning', 'random', '--epochs', '2', '--batch-size', '6'],
];
const sweep = (output: string, ...more: string[]) => ['sweep', ...training, '--output', at(output), ...more];

interface Found {
  readonly status: string;
  readonly trials: Readonly<Record<string, number>>;
  readonly best: { readonly trial: number; readonly run: string; readonly settings: { readonly sparsity: number } };
}

test('values from options and a file; the best settings train again, and the best run predicts', async () => {
  writeFileSync(at('space.json'), JSON.stringify({ sparsity: [0.2, 0.6] }));
  const args = sweep('a', '--search', at('space.json'), '--search', 'learning-rate=1e-3,1e-2', '--method', 'grid');
  const { stdout, stderr } = await succeed([...args, '--json']);
  const { status, trials, best } = JSON.parse(stdout) as Found;
  assert.equal(status, 'finished');
  assert.deepEqual(trials, { complete: 4 });
  assert.match(stderr, /trial 3: sparsity 0\.6, learningRate 0\.01/);
  assert.ok(existsSync(at('a', 'report.html')) && existsSync(at('a', 'trials.csv')));
  const predicted = await succeed(['predict', best.run, '--json'], { input: 'the film is good\n' });
  assert.match(predicted.stdout, /positive|negative/);
  await succeed(['train', '--config', at('a', 'run.json'), '--output', at('again')]);
  const scores = [join(best.run, 'metrics.json'), at('again', 'metrics.json')].map(
    (path) => JSON.parse(readFileSync(path, 'utf8')).metrics,
  );
  assert.deepEqual(scores[1], scores[0]);
});

test('Ctrl-C leaves a checkpoint, and the same command goes on', async () => {
  const args = sweep('b', '--search', 'sparsity=0.2,0.6', '--method', 'grid', '--json');
  const stopped = await sparseAdapter(args, { signal: { after: 'trial 0: complete', name: 'SIGINT' } });
  assert.equal(stopped.code, 130);
  assert.match(stopped.stderr, /stopped; the same command continues it/);
  assert.deepEqual((JSON.parse((await succeed(args)).stdout) as Found).trials, { complete: 2 });
});

test('what is wrong is one line, and nothing is written', async () => {
  const cases: [string[], number, RegExp][] = [
    [[], 2, /--search is missing/],
    [['--search', 'sparsity=2'], 1, /sparsity does not accept '2'/],
    [['--search', 'nothing.json'], 1, /nothing\.json/],
    [['--search', 'sparsity=0.2,0.4', '--search', 'sparsity=0.6'], 2, /--search sparsity is given twice/],
    [['--search', 'sparsity=0.2:0.4', '--method', 'grid'], 1, /A grid needs values/],
    [['--search', 'sparsity=0.2,0.4', '--folds', '3'], 2, /--folds has no effect/],
    [['--search', 'sparsity=0.2,0.4', '--metric', 'bleu'], 1, /the scores of these data are accuracy/],
  ];
  for (const [more, code, pattern] of cases) {
    const outcome = await sparseAdapter(sweep('c', ...more));
    assert.equal(outcome.code, code, outcome.stderr);
    assert.match(outcome.stderr, pattern);
    assert.ok(!existsSync(at('c')), more.join(' '));
  }
});

test.run();
