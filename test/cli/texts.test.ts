import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { version } from '../../src/cli/versions.ts';
import { main, succeed } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyBert, tinyFolder, tinyTensors } from '../support/tiny-model.ts';

const test = suite('commands: embed, prune, predict with an own head, info of models');

const model = tinyFolder();
const folder = reviewFolder({ 'lines.txt': 'the film is good\nthe book is dull\n' });
const parsedLines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const withHead = (labels: string[]) =>
  tinyFolder({
    config: { ...tinyBert, architectures: ['BertForSequenceClassification'], id2label: { ...labels } },
    tensors: tinyTensors(tinyBert, labels.length),
  });

test('embed prints one vector per line, of length 1 when normalised', async () => {
  const input = 'the film is good\n\na very, very long story\n';
  const [mean, cls, unit, file] = await Promise.all([
    succeed(['embed', '--model', model], { input }),
    succeed(['embed', '--model', model, '--pooling', 'cls'], { input }),
    succeed(['embed', '--model', model, '--normalize', '--backend', 'reference'], { input }),
    succeed(['embed', '--model', model, '--input', join(folder, 'lines.txt')]),
  ]);
  const [means, firsts, units]: number[][][] = [mean, cls, unit].map(({ stdout }) => parsedLines(stdout));
  assert.equal(means.length, 3);
  for (const [i, vector] of means.entries()) {
    assert.equal(vector.length, 16);
    const length = Math.hypot(...vector);
    vector.forEach((x, j) => {
      assert.ok(Math.abs(x / length - units[i][j]) < 1e-4, 'normalised, on the other backend');
    });
    assert.notDeepEqual(vector, firsts[i]);
  }
  assert.deepEqual(parsedLines(file.stdout)[0], means[0]);
  assert.equal(parsedLines(file.stdout).length, 2);
});

test('predict with the own head of a checkpoint: labels, or a value for one output', async () => {
  const input = 'the film is good\tthe book is dull\nthe play is weak\n';
  const [classes, value] = await Promise.all([
    succeed(['predict', '--model', withHead(['bad', 'good', 'unsure']), '--json'], { input }),
    succeed(['predict', '--model', withHead(['LABEL_0']), '--json'], { input }),
  ]);
  const [pair, single] = parsedLines(classes.stdout);
  assert.equal(pair.textPair, 'the book is dull');
  assert.equal(single.textPair, undefined);
  assert.deepEqual(Object.keys(single.probabilities), ['bad', 'good', 'unsure']);
  const [{ value: number, logits, probabilities }] = parsedLines(value.stdout);
  assert.deepEqual([number], logits);
  assert.equal(probabilities, undefined);
});

test('prune shows every matrix, and writes an adapter when asked', async () => {
  const output = join(folder, 'pruned');
  const args = ['prune', '--model', model, '--data', join(folder, 'train.csv'), '--text', 'text', '--label', 'mood'];
  const options = ['--bottleneck', '4', '--sparsity', '0.5'];
  const [layers, global] = await Promise.all([
    succeed([...args, ...options, '--pruning-scope', 'layer', '--json', '--output', output]),
    succeed([...args, ...options, '--pruning', 'grasp']),
  ]);
  const { pruning, metrics } = JSON.parse(layers.stdout);
  assert.equal(metrics, null);
  assert.equal(pruning.layers.length, 8);
  for (const layer of pruning.layers) assert.deepEqual([layer.total, layer.kept], [64, 32]);
  assert.match(global.stdout, /^all +512 +256 +50\.00 %$/m);
  assert.equal(JSON.parse(readFileSync(join(output, 'metrics.json'), 'utf8')).steps, 0);
});

test('prune takes the options of the methods', async () => {
  const args = ['prune', '--model', model, '--data', join(folder, 'train.csv'), '--text', 'text', '--label', 'mood'];
  const settings = async (...options: string[]) => {
    const { stdout, stderr } = await succeed([...args, '--bottleneck', '4', '--json', ...options]);
    const { pruning, settings } = JSON.parse(stdout);
    return {
      ...settings,
      kept: pruning.kept,
      dense: pruning.dense,
      bottleneck: settings.adapter.bottleneck,
      stderr,
    };
  };
  const [grasp, synflow, fisher, large, part] = await Promise.all([
    settings('--pruning', 'grasp', '--grasp-temperature', '200', '--pruning-iterations', '2'),
    settings('--pruning', 'synflow'),
    settings('--pruning', 'fisher', '--pruning-examples', '5'),
    settings('--pruning', 'snip', '--large-sparse', '3'),
    settings('--pruning-targets', '*.adapter_up.*', '--sparsity', '0.5'),
  ]);
  assert.deepEqual([grasp.graspTemperature, grasp.pruningIterations, grasp.kept], [200, 2, 307]);
  assert.deepEqual([synflow.pruningExamples, synflow.pruningIterations, synflow.kept], [undefined, 100, 307]);
  assert.match(synflow.stderr, /^pruning {3}synflow 40 % in 100 rounds$/m);
  assert.deepEqual([fisher.pruningExamples, fisher.kept], [5, 307]);
  assert.deepEqual([large.largeSparse, large.bottleneck, large.kept, large.dense], [3, 4, 512, 512]);
  assert.match(large.stderr, /^kept {6}512; the narrow, dense adapter has 512$/m);
  assert.deepEqual([part.pruningTargets, part.kept], ['*.adapter_up.*', 128]);
});

test('info counts what an adapter on a model would have', async () => {
  const options = ['--adapter', 'houlsby', '--bottleneck', '4'];
  const [dense, sparse, large, text] = await Promise.all([
    succeed(['info', model, ...options, '--json']),
    succeed(['info', '--model', model, ...options, '--sparsity', '0.4', '--pruning-scope', 'layer', '--json']),
    succeed(['info', model, ...options, '--large-sparse', '3', '--json']),
    succeed(['info', model, ...options, '--sparsity', '0.4']),
  ]);
  const account = ({ stdout }: { stdout: string }) => JSON.parse(stdout).adapter;
  // Two classes are not known of, so the head is a pooler and one output.
  const head = 16 * 17 + 17;
  assert.deepEqual(account(dense).trained_parameters, { adapter: 512 + 80, head });
  assert.deepEqual(account(dense).prunable, { total: 512, kept: 512 });
  assert.deepEqual(account(sparse).prunable, { total: 512, kept: 8 * 38 });
  assert.deepEqual(account(sparse).modules[0], {
    name: 'bert.encoder.layer.0.attention.output',
    total: 148,
    kept: 2 * 38 + 20,
  });
  assert.deepEqual(account(large).prunable, { total: 1536, kept: 512, dense: 512 });
  assert.equal(account(large).settings.bottleneck, 12);
  assert.match(text.stdout, /^trained, adapter +387 \(\d+\.\d\d % of the backbone\)$/m);
  assert.match(text.stdout, new RegExp(`^trained, both +${387 + head} `, 'm'));
  assert.match(text.stdout, /^bert\.encoder\.layer\.1\.output +148 +by score$/m);
});

test('info tells of a model and of the installation', async () => {
  const [plain, headed, none, text, number] = await Promise.all([
    succeed(['info', model, '--json']),
    succeed(['info', withHead(['bad', 'good']), '--json']),
    succeed(['info', '--json']),
    succeed(['info', model]),
    succeed(['--version']),
  ]);
  const about = JSON.parse(plain.stdout);
  const weights = tinyTensors().reduce((sum, { data }) => sum + data.length, 0);
  assert.equal(about.hidden_size, 16);
  assert.equal(about.labels, null);
  assert.ok(about.initialized.includes('classifier.weight'));
  assert.equal(about.parameters, weights);
  assert.deepEqual(JSON.parse(headed.stdout).labels, ['bad', 'good']);
  assert.deepEqual(JSON.parse(none.stdout).versions['sparse-adapter'], version);
  assert.match(text.stdout, /^own head +none$/m);
  assert.equal(number.stdout, `${version}\n`);
});

test('a reader that closes early is no error', async () => {
  const child = spawn(process.execPath, [main, 'embed', '--model', model]);
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdin.on('error', () => {});
  child.stdout.once('data', () => child.stdout.destroy());
  child.stdin.end('the film is good\n'.repeat(5000));
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(stderr, '');
  assert.equal(code, 0);
});

test.run();
