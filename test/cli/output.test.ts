import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { snapshot, sparseAdapter, succeed } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { runFiles } from '../support/run-files.ts';
import { tinyGlue } from '../support/tiny-glue.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: output folders');

const folder = reviewFolder();
const model = tinyFolder();
const at = (...names: string[]) => join(folder, ...names);
const bytes = (output: string) => readFileSync(at(output, 'adapter.safetensors'));

const train = (output: string, ...more: string[]) => [
  ...['train', '--model', model, '--data', at('train.csv'), '--text', 'text', '--label', 'mood'],
  ...['--bottleneck', '4', '--epochs', '1', '--batch-size', '5', '--output', at(output), ...more],
];
const long = ['--epochs', '20000', '--checkpoint-seconds', '0.1'];

test('a second command that writes the same folder is refused at once, and the first is not disturbed', async () => {
  await succeed(train('adapter'));
  await succeed(train('taken'));
  const first = sparseAdapter(train('taken', ...long, '--overwrite'), {
    killWhen: () => existsSync(at('others-done')),
  });
  while (!existsSync(at('taken', 'checkpoint.safetensors'))) await new Promise((resolve) => setTimeout(resolve, 20));
  symlinkSync(at('taken'), at('link-to-taken'));
  const others = [
    train('taken', '--overwrite'),
    train('link-to-taken', '--overwrite'),
    ['train', '--resume', '--output', at('taken')],
    ['convert', at('adapter'), '--to', 'sparse', '--output', at('taken'), '--overwrite'],
    ['init', model, '--output', at('taken'), '--overwrite'],
    [
      'prune',
      ...train('taken', '--overwrite').slice(1, 9),
      '--bottleneck',
      '4',
      '--output',
      at('taken'),
      '--overwrite',
    ],
  ];
  await Promise.all(
    others.map(async (args) => {
      const { code, stderr } = await sparseAdapter(args);
      assert.equal(code, 1, args.join(' '));
      assert.match(stderr, /^error: .*taken is being written by another command \(process \d+, since /, args.join(' '));
      assert.ok(!stderr.includes('backbone'), 'before anything is loaded');
    }),
  );
  // What was there stays readable.
  await succeed(['predict', at('taken'), '--input', at('dev.csv'), '--text', 'text']);
  writeFileSync(at('others-done'), '');
  await first;
});

test('a run that was killed is continued from its last checkpoint, to the bytes of one that was not', async () => {
  const options = ['--epochs', '150', '--learning-rate', '0.01', '--checkpoint-seconds', '0'];
  await succeed(train('whole', ...options));
  await sparseAdapter(train('killed', ...options), {
    killWhen: () => existsSync(at('killed', 'checkpoint.safetensors')),
  });
  assert.ok(readdirSync(at('killed')).includes('checkpoint.safetensors'));
  await succeed(['train', '--resume', '--output', at('killed')]);
  assert.deepEqual(bytes('killed'), bytes('whole'));
  assert.deepEqual(readdirSync(at('killed')).sort(), runFiles);
});

test('every signal that asks a run to end saves a checkpoint, and its number is in the exit code', async () => {
  const cases = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const;
  await Promise.all(
    cases.map(async ([name, code]) => {
      const stopped = await sparseAdapter(train(name, '--epochs', '2000'), { signal: { after: 'pruned', name } });
      assert.equal(stopped.code, code, stopped.stderr);
      assert.match(stopped.stderr, /stopped after step \d+ of \d+; continue with: sparse-adapter train --resume/);
      assert.deepEqual(readdirSync(at(name)), ['checkpoint.safetensors']);
    }),
  );
});

test('train writes through a link, into the working directory and under a long name', async () => {
  mkdirSync(at('target'));
  symlinkSync('target', at('link'));
  mkdirSync(at('here'));
  const name = 'n'.repeat(230);
  const options = train('x').slice(0, -2);
  await Promise.all([
    succeed(train('link')),
    succeed([...options, '--output', '.'], { cwd: at('here') }),
    succeed(train(name)),
  ]);
  assert.ok(lstatSync(at('link')).isSymbolicLink());
  for (const output of ['target', 'here', name]) assert.deepEqual(readdirSync(at(output)).sort(), runFiles);
  await succeed([...options, '--output', '.', '--overwrite'], { cwd: at('here') });
  assert.deepEqual(readdirSync(at('here')).sort(), runFiles);
});

test('what cannot be written is known before the model is loaded, and nothing is left of the attempt', async () => {
  writeFileSync(at('file'), '');
  mkdirSync(at('foreign'));
  writeFileSync(at('foreign', 'thesis.tex'), '');
  const before = snapshot(folder);
  const cases: [output: string, message: RegExp][] = [
    ['file', /it is a file; choose another folder/],
    ['file/run', /Cannot write .*ENOTDIR|EEXIST/],
    ['foreign', /holds "thesis\.tex", which is not an earlier output/],
    [`new/${'n'.repeat(256)}`, /ENAMETOOLONG/],
  ];
  await Promise.all(
    cases.map(async ([output, message]) => {
      const { code, stderr } = await sparseAdapter(train(output));
      assert.equal(code, 1, stderr);
      assert.match(stderr, message);
      assert.ok(!stderr.includes('backbone'), stderr);
    }),
  );
  assert.deepEqual(snapshot(folder), before);
  assert.ok(!existsSync(at('new')));
});

test('what several commands write into is refused when it holds anything else, and stays as it is', async () => {
  await succeed(train('finished'));
  await sparseAdapter(train('halted', '--epochs', '2000'), { signal: { after: 'pruned', name: 'SIGTERM' } });
  mkdirSync(at('letters', 'runs'), { recursive: true });
  writeFileSync(at('letters', 'runs', 'mail.txt'), 'Dear Sir');
  writeFileSync(at('runs.jsonl'), '');
  const before = snapshot(folder);
  const reproduce = (output: string) => [
    'reproduce',
    'table1',
    '--model',
    model,
    '--data',
    tinyGlue(),
    '--output',
    output,
  ];
  const cases = ['finished', 'halted', 'letters'].flatMap((name) => [
    reproduce(at(name)),
    ['results', '--import', at('runs.jsonl'), '--output', at(name)],
    ['demo', '--output', at(name)],
  ]);
  await Promise.all(
    cases.map(async (args) => {
      const { code, stderr } = await sparseAdapter(args);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /^error: .* holds "[\w.-]+", which is not an earlier output; choose another folder\.\n$/);
    }),
  );
  assert.deepEqual(snapshot(folder), before);
  await succeed(['train', '--resume', '--output', at('halted')]);
});

test('a result that was complete when its process died is found by every command that reads it', async () => {
  for (const name of ['done', 'old']) await succeed(train(name, '--seed', name === 'done' ? '2' : '1'));
  const fresh = bytes('done');
  for (const args of [
    (run: string) => ['evaluate', run, '--data', at('dev.csv')],
    (run: string) => ['predict', run, '--input', at('dev.csv'), '--text', 'text'],
    (run: string) => ['info', run],
    (run: string) => ['convert', run, '--to', 'adapterhub', '--output', `${run}-converted`],
  ]) {
    const output = `half-${args('')[0]}`;
    for (const file of runFiles) {
      mkdirSync(at(output, '.sparse-adapter.new', 'files'), { recursive: true });
      writeFileSync(at(output, '.sparse-adapter.new', 'files', file), readFileSync(at('done', file)));
    }
    writeFileSync(at(output, '.sparse-adapter.new', 'commit.json'), '{"removed":["checkpoint.safetensors"]}');
    writeFileSync(at(output, 'checkpoint.safetensors'), '');
    // The first of the new files was already in its place.
    writeFileSync(at(output, 'adapter.safetensors'), fresh);
    await succeed(args(at(output)));
    assert.deepEqual(readdirSync(at(output)).sort(), runFiles);
    assert.deepEqual(bytes(output), fresh);
  }
});

test.run();
