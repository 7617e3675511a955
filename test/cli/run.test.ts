import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { sparseAdapter, succeed } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: train, evaluate, predict, info');

const folder = reviewFolder();
const model = tinyFolder();
const at = (...names: string[]) => join(folder, ...names);
const readJson = (...names: string[]) => JSON.parse(readFileSync(at(...names), 'utf8'));
const lines = (text: string) => text.trimEnd().split('\n');
const parsedLines = (text: string) => lines(text).map((line) => JSON.parse(line));

const train = (label: string, output: string, ...more: string[]) => [
  ...['train', '--model', model, '--data', at('train.csv'), '--eval-data', at('dev.csv')],
  ...['--text', 'text', '--label', label, '--output', at(output), '--bottleneck', '4'],
  ...['--learning-rate', '0.01', '--epochs', '4', '--batch-size', '8', ...more],
];

test('--backbone-dtype int8: train, info, evaluate and predict use it', async () => {
  const run = at('int8');
  await succeed([...train('mood', 'int8', '--backbone-dtype', 'int8'), '--json']);
  const { metrics } = readJson('int8', 'metrics.json');
  const [told, evaluated, predicted, refused] = await Promise.all([
    succeed(['info', run]),
    succeed(['evaluate', run, '--json']),
    succeed(['predict', run], { input: 'the film is good\n' }),
    sparseAdapter(['predict', run, '--backbone-dtype', 'int8'], { input: 'the film is good\n' }),
  ]);
  assert.match(told.stdout, /^backbone held as +int8$/m);
  assert.deepEqual(JSON.parse(evaluated.stdout).metrics, metrics);
  assert.match(predicted.stdout, /^(negative|positive)\t/);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--backbone-dtype is for a checkpoint/);
  const full = train('mood', 'full', '--adapter', 'full', '--backbone-dtype', 'int8').filter(
    (word, i, all) => word !== '--bottleneck' && all[i - 1] !== '--bottleneck',
  );
  const { code, stderr } = await sparseAdapter(full);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /--backbone-dtype .*full/);
});

test('embed --backbone-dtype int8 prints vectors near those of float32', async () => {
  const input = 'the film is good\n';
  const vectors = await Promise.all(
    ['float32', 'int8'].map((dtype) => succeed(['embed', '--model', model, '--backbone-dtype', dtype], { input })),
  );
  const [a, b]: number[][] = vectors.map(({ stdout }) => JSON.parse(stdout));
  assert.notDeepEqual(a, b);
  const distance = Math.hypot(...a.map((x, i) => x - b[i]));
  assert.ok(distance < 0.1 * Math.hypot(...a), `${distance}`);
});

test('a classifier: train, evaluate, predict, info', async () => {
  const trained = await succeed([...train('mood', 'classes'), '--json']);
  const run = JSON.parse(trained.stdout);
  assert.equal(run.status, 'finished');
  assert.deepEqual(run.labels, ['negative', 'positive']);
  assert.ok(run.metrics.accuracy > 0.5, `accuracy ${run.metrics.accuracy}`);
  assert.equal(run.pruning.kept, run.pruning.total - Math.floor(0.4 * run.pruning.total + 0.5));
  const biases = 2 * 2 * (4 + 16);
  assert.equal(run.trained_parameters.adapter, run.pruning.kept + biases);

  const stored = readJson('classes', 'metrics.json');
  assert.deepEqual(run.metrics, stored.metrics);
  assert.ok(readJson('classes', 'sparse-adapter.json').command.includes('--learning-rate'));

  const predictions = '{"text":"the film is good"}\n{"text":"the play is bad, very bad"}\n';
  const [again, other, answers, rows, about, shown] = await Promise.all([
    succeed(['evaluate', at('classes'), '--json']),
    succeed(['evaluate', at('classes'), '--data', at('train.csv'), '--json']),
    succeed(['predict', at('classes'), '--json'], { input: 'the film is good\n\nthe play is bad' }),
    succeed(['predict', at('classes'), '--input', join(reviewFolder({ 'new.jsonl': predictions }), 'new.jsonl')]),
    succeed(['info', at('classes'), '--json']),
    succeed(['info', at('classes')]),
  ]);
  const evaluation = JSON.parse(again.stdout);
  assert.deepEqual(evaluation.metrics, stored.metrics);
  assert.equal(evaluation.examples, 8);
  assert.equal(JSON.parse(other.stdout).examples, 24);

  const parsed = parsedLines(answers.stdout);
  assert.deepEqual(
    parsed.map(({ text }) => text),
    ['the film is good', '', 'the play is bad'],
  );
  for (const { label, probabilities, logits } of parsed) {
    assert.deepEqual(Object.keys(logits), ['negative', 'positive']);
    assert.equal(label, probabilities.positive > probabilities.negative ? 'positive' : 'negative');
    assert.ok(Math.abs(probabilities.positive + probabilities.negative - 1) < 1e-9);
  }
  assert.match(lines(rows.stdout)[0], /^(positive|negative)\t[01]\.\d{4}\tthe film is good$/);
  assert.match(lines(rows.stdout)[1], /\tthe play is bad, very bad$/);

  const facts = JSON.parse(about.stdout);
  assert.deepEqual(facts.metrics, stored.metrics);
  assert.equal(facts.pruning.layers.length, 8);
  const saved = { memory: { kept: 6 * 307, whole: 4 * 512 }, training: { kept: 20 * 307, whole: 16 * 512 }, time: 1 };
  assert.deepEqual([facts.pruning.kept, facts.sparse, run.sparse], [307, saved, saved]);
  assert.match(shown.stdout, /^sparse matrices +8, held as their 307 kept weights$/m);
  assert.match(shown.stdout, /^memory of matrices +1\.8 kB \(dense 2\.0 kB\); in training 6\.1 kB \(dense 8\.2 kB\)$/m);
  assert.match(shown.stdout, /^time of products +that with dense matrices$/m);
  const { adapter, head } = facts.trained_parameters;
  const kept = facts.modules.map((module: { kept: number }) => module.kept).reduce((a: number, b: number) => a + b);
  assert.deepEqual([facts.modules.length, kept], [4 + 2, adapter + head]);
  assert.equal(facts.files['adapter.safetensors'], readFileSync(at('classes', 'adapter.safetensors')).length);
});

test('batches of a number of tokens, by length', async () => {
  const tokens = ['--epochs', '2', '--batch-tokens', '30', '--group-by-length'];
  const args = train('mood', 'tokens', ...tokens);
  args.splice(args.indexOf('--batch-size'), 2);
  await succeed(args);
  const { batchSize, batchTokens, groupByLength } = readJson('tokens', 'sparse-adapter.json').settings;
  assert.deepEqual([batchSize, batchTokens, groupByLength], [undefined, 30, true]);
  // 24 reviews of six tokens, five to a batch.
  assert.equal(readJson('tokens', 'metrics.json').steps, 2 * 5);
  const { stdout } = await succeed(['info', at('tokens')]);
  assert.match(stdout, /batches +up to 30 tokens, grouped by length/);
});

test('a regression: numbers as labels, tables for people', async () => {
  const trained = await succeed(train('score', 'numbers', '--pruning', 'none', '--pooling', 'mean'));
  const { metrics } = readJson('numbers', 'metrics.json');
  assert.match(trained.stdout, new RegExp(`pearson +${metrics.pearson.toFixed(4)}`));
  assert.match(trained.stdout, /method +houlsby 4, dense/);
  assert.match(trained.stderr, /training +12\/12 loss \d/);

  const [again, answers, about] = await Promise.all([
    succeed(['evaluate', at('numbers'), '--json']),
    succeed(['predict', at('numbers')], { input: 'the film is good\n' }),
    succeed(['info', at('numbers')]),
  ]);
  assert.deepEqual(JSON.parse(again.stdout).metrics, metrics);
  const [value, text] = lines(answers.stdout)[0].split('\t');
  assert.ok(value !== '' && Number.isFinite(Number(value)));
  assert.equal(text, 'the film is good');
  assert.match(about.stdout, /labels +numbers/);
});

const adapters = [
  ['parallel', '--bottleneck', '4', '--scale', '2', '--sparsity', '0.5'],
  ['pfeiffer', '--bottleneck', '4', '--activation', 'gelu', '--pruning', 'none'],
  ['prefix', '--prefix-length', '3', '--prefix-bottleneck', '4'],
  ['mam', '--bottleneck', '4', '--prefix-length', '3', '--prefix-flat', '--scale', 'learned'],
  ['lora', '--rank', '2', '--alpha', '4', '--rslora', '--target-modules', 'query,value,output.dense'],
  ['full'],
] as const;
for (const [kind, ...options] of adapters) {
  test(`--adapter ${kind}: its options are in the run, which evaluates to the same`, async () => {
    const args = train('mood', kind, '--epochs', '2', '--adapter', kind, ...options);
    args.splice(args.indexOf('--bottleneck'), 2);
    const { stdout } = await succeed(args);
    const { settings, pruning } = readJson(kind, 'sparse-adapter.json');
    const { metrics, trained_parameters: trained, backbone_parameters: backbone } = readJson(kind, 'metrics.json');
    const expected = {
      parallel: { kind, bottleneck: 4, activation: 'relu', init: 'bert', scale: 2 },
      pfeiffer: { kind, bottleneck: 4, activation: 'gelu', init: 'bert', scale: 1 },
      prefix: { kind, prefixLength: 3, prefixBottleneck: 4, prefixFlat: false },
      mam: {
        ...{ kind, prefixLength: 3, prefixBottleneck: 800, prefixFlat: true, equalSplit: false },
        ...{ bottleneck: 4, activation: 'relu', init: 'bert', scale: 'learned' },
      },
      lora: {
        ...{ kind, rank: 2, alpha: 4, rslora: true, dropout: 0 },
        ...{ targetModules: ['query', 'value', 'output.dense'], init: 'bert' },
      },
      full: { kind },
    }[kind];
    assert.deepEqual(settings.adapter, expected);
    const low = 2 * (16 + 16);
    const columns = 2 * 2 * 16;
    const weights = {
      parallel: 2 * 2 * 4 * 16,
      pfeiffer: null,
      prefix: 3 * 16 + 4 * 16 + columns * 4,
      mam: 3 * columns + 2 * 2 * 4 * 16,
      lora: 2 * (3 * low + 2 * (32 + 16)),
      full: null,
    }[kind];
    assert.equal(pruning?.total ?? null, weights);
    const biases = 2 * (4 + 16);
    const trainedAdapter = {
      parallel: pruning?.kept + biases,
      pfeiffer: 2 * 2 * 4 * 16 + biases,
      prefix: pruning?.kept + 4 + columns,
      mam: pruning?.kept + biases + 2,
      lora: pruning?.kept,
      full: backbone,
    }[kind];
    assert.equal(trained.adapter, trainedAdapter);
    assert.match(stdout, new RegExp(`method +${kind}.*, ${pruning ? 'snip' : 'dense'}`));
    const again = await succeed(['evaluate', at(kind), '--json']);
    assert.deepEqual(JSON.parse(again.stdout).metrics, metrics);
  });
}

test('--adapter fusion mixes the adapters of finished runs', async () => {
  const pfeiffer = ['--adapter', 'pfeiffer', '--epochs', '1'];
  await Promise.all([
    succeed(train('mood', 'first', ...pfeiffer)),
    succeed(train('score', 'second', ...pfeiffer, '--pruning', 'none', '--seed', '2')),
  ]);
  const args = train('mood', 'fused', '--epochs', '1', '--adapter', 'fusion');
  args.splice(args.indexOf('--bottleneck'), 2);
  args.push('--fuse', `${at('first')},other=${at('second')}`, '--regularization', '0.1');
  const { stdout, stderr } = await succeed(args);
  const weights = 2 * 3 * 16 * 16;
  assert.match(stdout, /method +fusion of 2, snip 40 %/);
  assert.match(stdout, new RegExp(`fused +first of ${at('first')}, other of ${at('second')}`));
  assert.match(stderr, new RegExp(`of ${weights.toLocaleString('en')} adapter weights`));

  const { settings } = readJson('fused', 'sparse-adapter.json');
  assert.deepEqual(settings.adapter, {
    ...{ kind: 'fusion', adapters: ['first', 'other'] },
    ...{ regularization: 0.1, dropout: 0.1 },
  });
  rmSync(at('first'), { recursive: true });
  rmSync(at('second'), { recursive: true });
  const again = await succeed(['evaluate', at('fused'), '--json']);
  assert.deepEqual(JSON.parse(again.stdout).metrics, readJson('fused', 'metrics.json').metrics);
  const { stdout: answer } = await succeed(['predict', at('fused')], { input: 'the film is good\n' });
  assert.match(answer, /^(positive|negative)\t/);
});

test('pairs of texts: two columns in a table, a TAB in a line', async () => {
  await succeed(train('mood', 'pairs', '--epochs', '1', '--text', 'text,thing'));
  const { stdout } = await succeed(['predict', at('pairs'), '--json'], { input: 'the film is good\tfilm\n' });
  assert.equal(JSON.parse(stdout).textPair, 'film');
});

test('the same seed gives the same file, another seed another', async () => {
  const outputs = ['a', 'b', 'c'];
  await Promise.all(
    outputs.map((output) => succeed(train('mood', output, '--epochs', '1', '--seed', output === 'c' ? '2' : '1'))),
  );
  const [a, b, c] = outputs.map((output) => readFileSync(at(output, 'adapter.safetensors')));
  assert.ok(a.equals(b));
  assert.ok(!a.equals(c));
});

test('without --output the folder has a telling name below runs', async () => {
  const args = train('mood', '', '--epochs', '1', '--pruning', 'random', '--sparsity', '0.8', '--seed', '3');
  args.splice(args.indexOf('--output'), 2);
  await succeed(args, { cwd: folder });
  assert.ok(existsSync(at('runs', 'train-houlsby-random80-s3', 'adapter.safetensors')));
});

test('the backends agree', async () => {
  await succeed(train('mood', 'reference', '--epochs', '1', '--backend', 'reference'));
  await succeed(train('mood', 'wasm', '--epochs', '1'));
  const [reference, wasm] = ['reference', 'wasm'].map((name) => readJson(name, 'metrics.json').epoch_losses[0]);
  assert.ok(Math.abs(reference - wasm) < 1e-3, `${reference} and ${wasm}`);
});

test.run();
