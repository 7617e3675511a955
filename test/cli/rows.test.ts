import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { temporaryFolder } from '../io/temporary.ts';
import { sparseAdapter, succeed } from '../support/command.ts';
import { tinyBartFolder } from '../support/tiny-bart.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: rows that cannot be used');

const model = tinyFolder();
const rows = [
  'id\ttext\tother\tlabel',
  '1\tgood film\ta book\t1',
  '2\tbad film\t\t0',
  '3\tbad play',
  '4\tbad film\tnew\t0',
];
const folder = temporaryFolder({
  'pairs.tsv': `${[...rows, '5\ta\tb\tNA', '6\tnice\tthe\t1'].join('\n')}\n`,
  'eval.csv': 'text,other,label\ngood,film,1\nbad,film,2\n',
  'news.jsonl': ['мост', 'река', 'дождь'].map((word) => JSON.stringify({ text: word, summary: word })).join('\n'),
});
const path = (name: string) => join(folder, name);
const quick = ['--epochs', '1', '--pruning', 'none', '--bottleneck', '2', '--batch-size', '2'];
const pairs = [
  'train',
  '--model',
  model,
  '--data',
  path('pairs.tsv'),
  '--text',
  'text,other',
  '--label',
  'label',
  ...quick,
];
const classes = [...pairs, '--problem-type', 'single_label_classification'];

test('train lists them all and trains nothing; --skip-invalid leaves them out and counts them', async () => {
  const run = path('run');
  const refused = await sparseAdapter([...classes, '--output', run]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /pairs\.tsv has 2 rows that cannot be used: line 4: 2 TAB-separated columns where the header has 4; line 6: 'NA' in column 'label' is no label\. Repair the rows, or leave them out with --skip-invalid/,
  );
  const trained = await succeed([...classes, '--skip-invalid', '--output', run]);
  assert.match(trained.stderr, /warning: left out 2 of 6 rows: /);

  const evaluate = ['evaluate', run, '--data', path('eval.csv')];
  const unseen = await sparseAdapter(evaluate);
  assert.equal(unseen.code, 1);
  assert.match(unseen.stderr, /eval\.csv, line 3: unknown label '2' in column 'label'; known are '0', '1'\./);
  const { stdout, stderr } = await succeed([...evaluate, '--skip-invalid', '--json']);
  assert.equal(JSON.parse(stdout).examples, 1);
  assert.match(stderr, /left out 1 of 2 rows/);

  const predict = ['predict', run, '--input', path('pairs.tsv')];
  assert.match((await sparseAdapter(predict)).stderr, /pairs\.tsv, line 4: 2 TAB-separated columns/);
  const predicted = await succeed([...predict, '--skip-invalid']);
  assert.equal(predicted.stdout.trimEnd().split('\n').length, 5);
  assert.match(predicted.stderr, /left out 1 of 6 rows/);
});

test('numbers that may be classes: train says at once what it takes them for', async () => {
  const { stderr } = await succeed([...pairs, '--skip-invalid', '--output', path('numbers')]);
  assert.match(stderr, /column 'label' holds 2 different whole numbers \(0 to 1\) and is read as numbers to predict/);
  assert.ok(stderr.indexOf('whole numbers') < stderr.indexOf('training'), 'before it trains');
});

test('summaries in other scripts: a warning, and scores with --rouge-tokenizer unicode', async () => {
  const bart = tinyBartFolder();
  const run = path('news');
  const data = [
    '--data',
    path('news.jsonl'),
    '--eval-data',
    path('news.jsonl'),
    '--text',
    'text',
    '--target',
    'summary',
  ];
  const options = ['--adapter', 'full', '--pruning', 'none', '--epochs', '1', '--output', run];
  const trained = await succeed(['train', '--model', bart, ...data, ...options, '--max-target-length', '4']);
  assert.match(trained.stderr, /warning: ROUGE's own tokenizer .* drops 100 % .*--rouge-tokenizer unicode/);
  const judged = await succeed(['evaluate', run, '--rouge-tokenizer', 'unicode', '--json']);
  assert.doesNotMatch(judged.stderr, /ROUGE/);
  assert.ok('rouge1' in JSON.parse(judged.stdout).metrics);
});

test('options that do not fit are refused', async () => {
  const refused = async (args: string[], message: RegExp) => {
    const { code, stderr } = await sparseAdapter(args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  };
  await refused(
    [...pairs, '--rouge-tokenizer', 'unicode'],
    /--rouge-tokenizer has no effect with --task text-classification; it is for text2text-generation/,
  );
  await refused(['predict', '--model', model, '--skip-invalid'], /--skip-invalid goes with rows of a table/);
  await refused(
    ['train', '--model', model, '--task', 'wordnet', '--skip-invalid'],
    /--skip-invalid has no effect with --task wordnet/,
  );
});

test.run();
