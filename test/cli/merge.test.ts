import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { sparseAdapter, succeed } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: merge');

const folder = reviewFolder();
const model = tinyFolder();
const at = (...names: string[]) => join(folder, ...names);
const texts = { input: 'the film is good\nthe play is bad' };

test.before(async () => {
  for (const seed of ['1', '2']) {
    await succeed([
      ...['train', '--model', model, '--data', at('train.csv'), '--eval-data', at('dev.csv'), '--text', 'text'],
      ...['--label', 'mood', '--adapter', 'lora', '--rank', '2', '--epochs', '1', '--seed', seed, '--output', at(seed)],
    ]);
  }
});

test('two runs become one that predicts, with weights that may be equal or negative', async () => {
  const { stdout } = await succeed([
    ...[
      'merge',
      at('1'),
      at('2'),
      '--method',
      'svd',
      '--svd-rank',
      '3',
      '--weights',
      '-0.5, -0.5',
      '--output',
      at('both'),
    ],
  ]);
  assert.match(stdout, /^adapter +lora 3\nhead of +\S+1\n(.*\n)+saved in +\S+both\n$/);
  const lines = (await succeed(['predict', at('both'), '--json'], texts)).stdout.trim().split('\n');
  assert.equal(lines.length, 2);
});

test('with --json it tells what was merged', async () => {
  const args = ['--method', 'dare_ties', '--density', '0.5', '--majority-sign', 'frequency', '--seed', '7'];
  const { stdout } = await succeed(['merge', at('1'), at('2'), ...args, '--output', at('json'), '--json']);
  const { from, output, head, adapter, files } = JSON.parse(stdout);
  assert.deepEqual([from, output, head], [[at('1'), at('2')], at('json'), at('1')]);
  assert.deepEqual([adapter.kind, adapter.rank, adapter.alpha], ['lora', 2, 2]);
  assert.ok(Object.hasOwn(files, 'adapter.safetensors'));
});

test('wrong usage is refused in one line, and nothing is written', async () => {
  const cases: [string[], RegExp][] = [
    [[at('1'), at('2'), '--weights', '1,x'], /'--weights <number,\.\.\.>' argument '1,x' is invalid/],
    [[at('1'), at('2'), '--method', 'ties'], /ties needs --density/],
    [[], /missing required argument 'run'/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await sparseAdapter(['merge', ...args, '--output', at('refused')]);
    assert.notEqual(code, 0);
    assert.match(stderr, message);
    assert.equal(stderr.split('\n').filter((line) => line.startsWith('error')).length, 1, stderr);
    assert.ok(!existsSync(at('refused')));
  }
});

test.run();
