import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { sparseAdapter, succeed } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: weights that were replaced, sizes that cannot work');

const folder = reviewFolder();
const at = (...names: string[]) => join(folder, ...names);
const train = (output: string, ...more: string[]) => [
  ...['train', '--model', tinyFolder(), '--data', at('train.csv'), '--eval-data', at('dev.csv')],
  ...['--text', 'text', '--label', 'mood', '--output', at(output), '--epochs', '1', ...more],
];

test('the scores and the sparsity of a run are not told of other weights', async () => {
  await succeed(train('sparse', '--bottleneck', '4', '--sparsity', '0.7'));
  await succeed(train('dense', '--bottleneck', '4', '--pruning', 'none', '--seed', '2'));
  const honest = await succeed(['info', at('sparse')]);
  assert.match(honest.stdout, /snip 70 %/);
  assert.doesNotMatch(honest.stderr, /not those of the run/);

  cpSync(at('dense', 'adapter.safetensors'), at('sparse', 'adapter.safetensors'));
  const info = await succeed(['info', at('sparse')]);
  assert.match(info.stderr, /adapter\.safetensors are not those of the run: its metrics and its sparsity/);
  assert.doesNotMatch(info.stdout, /snip 70|^(accuracy|sparsity)/m);
  assert.match(info.stdout, /houlsby 4, dense/);
  const document = JSON.parse((await succeed(['info', at('sparse'), '--json'])).stdout);
  assert.deepEqual([document.metrics, document.pruning, document.warnings.length], [null, null, 1]);

  const [evaluated, predicted] = await Promise.all([
    succeed(['evaluate', at('sparse')]),
    succeed(['predict', at('sparse')], { input: 'a good film' }),
  ]);
  assert.doesNotMatch(evaluated.stdout, /after training/);
  for (const { stderr } of [evaluated, predicted]) assert.match(stderr, /are not those of the run/);
});

test('a run folder that is damaged is one line with the file and the field', async () => {
  const file = at('dense', 'sparse-adapter.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  const damaged: [unknown, RegExp][] = [
    [{ ...config, settings: { ...config.settings, maxLength: '16' } }, /settings\.maxLength must be a whole number/],
    [{ ...config, settings: { ...config.settings, data: null } }, /settings\.data must be a text, not null/],
    [{ ...config, labels: 7 }, /labels must be a list, not 7/],
    [{ ...config, from: 'tomorrow' }, /from is no known field/],
  ];
  for (const [content, message] of damaged) {
    writeFileSync(file, JSON.stringify(content));
    for (const command of [
      ['info'],
      ['evaluate'],
      ['predict'],
      ['convert', '--to', 'adapterhub', '--output', at('x')],
    ]) {
      const [name, ...more] = command;
      const { code, stderr } = await sparseAdapter([name, at('dense'), ...more]);
      assert.equal(code, 1, stderr);
      assert.match(stderr, message);
      assert.match(stderr, /sparse-adapter\.json/);
    }
  }
});

test('sizes that cannot work are refused in one line that names the option', async () => {
  const begun = performance.now();
  for (const [options, message] of [
    [['--bottleneck', '1000000000'], /houlsby: bottleneck 1000000000 makes arrays of .* lower bottleneck/],
    [['--adapter', 'lora', '--rank', '1000000000'], /lora: rank 1000000000 makes arrays/],
    [['--max-length', '1000000000'], /max length 1000000000 exceeds/],
    [['--epochs', '1000000000'], /'1000000000' is invalid\. It must be a whole number from 0 to 1000000/],
  ] as const) {
    const { code, stderr } = await sparseAdapter(train('huge', ...options, '--overwrite'));
    assert.equal(code, options[0] === '--epochs' ? 2 : 1, stderr);
    assert.match(stderr, message);
  }
  assert.ok(performance.now() - begun < 120_000);
});

test('matrices that pruning empties are told', async () => {
  const { stderr } = await succeed(train('empty', '--bottleneck', '4', '--sparsity', '0.99'));
  assert.match(stderr, /pruning leaves no weight in (any of the )?\d+/);
});

test.run();
