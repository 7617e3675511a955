import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { temporaryFolder } from '../io/temporary.ts';
import { sparseAdapter, succeed } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: configuration files');

const model = tinyFolder();
const data = join(reviewFolder(), 'train.csv');
const options = ['--model', model, '--data', data, '--text', 'text', '--label', 'mood'];

/** Returns the configuration that a command prints. */
async function printed(...args: string[]): Promise<Record<string, unknown>> {
  return JSON.parse((await succeed([...args, '--print-config'])).stdout);
}

/** A file with settings. */
const file = (settings: object): string => join(temporaryFolder({ 'run.json': JSON.stringify(settings) }), 'run.json');

test('what is printed is read again as the same settings', async () => {
  const first = await printed('train', ...options, '--adapter', 'lora', '--rank', '4', '--batch-tokens', '512');
  assert.deepEqual(
    [first.task, first.text, first.batchTokens, first.batchSize, first.sparsity],
    ['text-classification', ['text'], 512, undefined, 0.4],
  );
  // Pruned LoRA starts with two random matrices.
  assert.deepEqual(first.adapter, {
    ...{ kind: 'lora', rank: 4, alpha: 8, rslora: false, dropout: 0 },
    ...{ targetModules: ['query', 'value'], init: 'bert' },
  });
  assert.deepEqual(await printed('train', '--config', file(first)), first);
  assert.deepEqual(await printed('prune', '--config', file(first)), first);
});

test('info counts the adapter of a file, on its model or on another one', async () => {
  const settings = { model, data, text: 'text', label: 'mood', adapter: { kind: 'houlsby', bottleneck: 4 }, epochs: 3 };
  const counted = async (...args: string[]) => JSON.parse((await succeed(['info', ...args, '--json'])).stdout).adapter;
  const options = ['--adapter', 'houlsby', '--bottleneck', '4', '--sparsity', '0.4'];
  const expected = await counted(model, ...options);
  assert.deepEqual(await counted('--config', file(settings)), expected);
  assert.deepEqual(await counted(model, '--config', file({ ...settings, model: 'elsewhere' })), expected);
  const wide = await counted('--config', file(settings), '--bottleneck', '8', '--pruning-scope', 'layer');
  assert.deepEqual(wide, await counted(model, ...options, '--bottleneck', '8', '--pruning-scope', 'layer'));
  const { code, stderr } = await sparseAdapter(['info', '--config', file({ adapter: 'houlsby' })]);
  assert.deepEqual([code, /needs a model to count it on/.test(stderr)], [2, true]);
});

test('options win over the file, which loses what has no effect with them', async () => {
  const own = {
    model,
    data,
    text: 'text',
    label: 'mood',
    adapter: { kind: 'lora', rank: 4 },
    sparsity: 0.6,
    epochs: 3,
  };
  const train = (...args: string[]) => printed('train', '--config', file(own), ...args);
  const scaled = await train('--alpha', '16', '--epochs', '5');
  assert.deepEqual([scaled.epochs, scaled.sparsity], [5, 0.6]);
  assert.deepEqual([(scaled.adapter as { rank: number }).rank, (scaled.adapter as { alpha: number }).alpha], [4, 16]);
  const dense = await train('--pruning', 'none');
  assert.deepEqual([dense.pruning, dense.sparsity], ['none', undefined]);
  const wide = await train('--large-sparse', '2');
  assert.deepEqual([wide.largeSparse, wide.sparsity], [2, undefined]);
  const other = await train('--adapter', 'houlsby');
  assert.equal((other.adapter as { kind: string }).kind, 'houlsby');
});

test('an option that makes the choice gives a setting of the file its effect', async () => {
  const questions = ['--model', model, '--data', data, '--task', 'squad'];
  assert.equal((await printed('train', ...questions, '--config', file({ stride: 7 }))).stride, 7);
  const grasp = file({ graspTemperature: 3 });
  assert.equal((await printed('train', ...options, '--config', grasp, '--pruning', 'grasp')).graspTemperature, 3);
});

test('what is none is read and printed', async () => {
  const free = await printed('train', ...options, '--max-grad-norm', 'none');
  assert.equal(free.maxGradNorm, null);
  assert.deepEqual(await printed('train', '--config', file(free)), free);
});

test('a byte order mark in front of a file does no harm', async () => {
  const marked = join(temporaryFolder({ 'run.json': '\ufeff{"epochs":3}' }), 'run.json');
  assert.equal((await printed('train', ...options, '--config', marked)).epochs, 3);
});

const refused: [object, string[], number, RegExp][] = [
  [{ lerningRate: 1 }, [], 1, /run\.json: lerningRate is no known field\. Known here: model, task, data/],
  [{ bottleneck: 8 }, [], 1, /run\.json: bottleneck is an option of an adapter and stands in it: adapter: { kind/],
  [{ epochs: 0.5 }, [], 1, /run\.json: epochs must be a whole number from 0 to 1000000, not 0\.5/],
  [{ adapter: { kind: 'lora', bottleneck: 3 } }, [], 1, /run\.json: adapter\.bottleneck is no known field/],
  [{ stride: 3 }, [], 1, /run\.json: stride has no effect with task text-classification; it is/],
  [{ trainPerClass: 3 }, [], 1, /run\.json: trainPerClass has no effect with task text-classification\.$/m],
  [{}, ['--stride', '3'], 2, /--stride has no effect with --task text-classification; it is for question-answering/],
  [{ sparsity: 0.3, largeSparse: 2 }, [], 1, /run\.json: sparsity cannot be combined with .*run\.json: largeSparse/],
  [{ model: 'a', adapter: 'full', pruning: 'snip' }, [], 2, /run\.json: pruning has no effect with .*adapter full/],
];
for (const [settings, more, code, message] of refused) {
  test(`${JSON.stringify(settings)} ${more.join(' ')} is refused in one line`, async () => {
    const outcome = await sparseAdapter(['train', '--config', file(settings), ...more]);
    assert.match(outcome.stderr, message);
    assert.deepEqual([outcome.code, outcome.stdout], [code, '']);
  });
}

test.run();
