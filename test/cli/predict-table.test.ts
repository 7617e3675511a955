import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { readParquet } from '../../src/data/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { main, sparseAdapter, succeed } from '../support/command.ts';
import { tinyBert, tinyFolder, tinyTensors } from '../support/tiny-model.ts';

const test = suite('commands: predict on a table');

const withHead = (config: object, count: number) =>
  tinyFolder({
    config: { ...tinyBert, architectures: ['BertForSequenceClassification'], ...config },
    tensors: tinyTensors(tinyBert, count),
  });
const names = { 0: 'bad', 1: 'good', 2: 'unsure' };
const classes = withHead({ id2label: names }, 3);
const several = withHead({ id2label: names, problem_type: 'multi_label_classification' }, 3);
const number = withHead({ id2label: { 0: 'LABEL_0' }, problem_type: 'regression' }, 1);

const folder = temporaryFolder({
  'in.csv': 'id,said,note\n1,the film is good,"a, b"\n2,the book is dull,\n3,the play,"say ""no"""\n',
  'in.jsonl': [
    { id: 1, said: 'the film is good', more: { a: [1, null] } },
    { id: 2, said: 'the book is dull', late: true },
  ]
    .map((row) => `${JSON.stringify(row)}\n`)
    .join(''),
  'lines.txt': 'the film is good\nthe book is dull\tthe play\n',
});
const path = (name: string) => join(folder, name);
const predict = (model: string, ...args: readonly string[]) => ['predict', '--model', model, ...args];
const table = (name = 'in.csv') => ['--input', path(name), '--text', 'said'];
const jsonLines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('the columns of the table are kept, and predictions stand beside them in CSV, TSV, JSON lines and Parquet', async () => {
  const printed = jsonLines((await succeed(predict(classes, ...table(), '--json'))).stdout);
  const expected = printed.map(({ label, probabilities }) => [label, probabilities[label]]);
  for (const ending of ['csv', 'tsv', 'jsonl', 'parquet']) {
    const output = path(`all.${ending}`);
    const { stdout, stderr } = await succeed(predict(classes, ...table(), '--keep', '--output', output));
    assert.deepEqual([stdout, stderr.split('\n').at(-2)], ['', `3 rows in ${output}`]);
  }
  const columns = ['id', 'said', 'note', 'prediction', 'probability'];
  assert.deepEqual(
    await readParquet(path('all.parquet'), columns),
    [
      ['1', 'the film is good', 'a, b'],
      ['2', 'the book is dull', ''],
      ['3', 'the play', 'say "no"'],
    ].map(([id, said, note], i) => ({ id, said, note, prediction: expected[i][0], probability: expected[i][1] })),
  );
  assert.deepEqual(jsonLines(readFileSync(path('all.jsonl'), 'utf8')), await readParquet(path('all.parquet'), columns));
  const csv = readFileSync(path('all.csv'), 'utf8').trimEnd().split('\n');
  assert.equal(csv[0], columns.join(','));
  assert.equal(csv[1], `1,the film is good,"a, b",${expected[0].join(',')}`);
  assert.equal(csv[3], `3,the play,"say ""no""",${expected[2].join(',')}`);
  assert.equal(
    readFileSync(path('all.tsv'), 'utf8').split('\n')[2],
    `2\tthe book is dull\t\t${expected[1].join('\t')}`,
  );
  assert.ok(!readdirSync(folder).some((name) => name.endsWith('.tmp')));
});

test('fields of JSON lines keep their values, those that only some rows have too', async () => {
  await succeed(predict(number, ...table('in.jsonl'), '--keep', '--output', path('numbers.jsonl')));
  const [first, second] = jsonLines(readFileSync(path('numbers.jsonl'), 'utf8'));
  assert.deepEqual(
    { ...first, prediction: 0 },
    { id: 1, said: 'the film is good', more: { a: [1, null] }, prediction: 0 },
  );
  assert.deepEqual({ ...second, prediction: 0 }, { id: 2, said: 'the book is dull', late: true, prediction: 0 });
  assert.equal(typeof first.prediction, 'number');
  await succeed(predict(number, ...table('in.jsonl'), '--keep', '--output', path('numbers.parquet')));
  const rows = await readParquet(path('numbers.parquet'), ['id', 'more', 'late', 'prediction']);
  assert.deepEqual(
    rows.map(({ prediction: _, ...row }) => row),
    [
      { id: 1, more: '{"a":[1,null]}', late: null },
      { id: 2, more: null, late: true },
    ],
  );
  const { stdout } = await succeed(predict(number, ...table('in.jsonl'), '--keep', '--json'));
  assert.deepEqual(jsonLines(stdout)[1].row, { id: 2, said: 'the book is dull', late: true });
});

test('without --keep the texts alone stand beside the predictions, those of lines too', async () => {
  await succeed(predict(classes, ...table(), '--output', path('texts.csv')));
  assert.match(readFileSync(path('texts.csv'), 'utf8'), /^said,prediction,probability\nthe film is good,/);
  await succeed(predict(classes, '--input', path('lines.txt'), '--output', path('lines.tsv')));
  assert.match(
    readFileSync(path('lines.tsv'), 'utf8'),
    /^text\ttextPair\tprediction\tprobability\n.*good\t\t.*\n.*dull\tthe play\t/,
  );
});

test('--top-k gives the likeliest classes, --threshold none below it', async () => {
  const [first] = jsonLines((await succeed(predict(classes, ...table(), '--json', '--top-k', '2'))).stdout);
  const sorted = Object.entries<number>(first.probabilities).sort(([, a], [, b]) => b - a);
  assert.deepEqual(
    first.top,
    sorted.slice(0, 2).map(([label, probability]) => ({ label, probability })),
  );
  assert.equal(first.label, sorted[0][0]);
  await succeed(predict(classes, ...table(), '--top-k', '9', '--output', path('top.csv')));
  const head = readFileSync(path('top.csv'), 'utf8').split('\n')[0];
  assert.equal(head, 'said,prediction_1,probability_1,prediction_2,probability_2,prediction_3,probability_3');
  const lines = (await succeed(predict(classes, ...table(), '--top-k', '2'))).stdout.split('\n');
  assert.match(lines[0], /^\w+, \w+\t0\.\d{4}, 0\.\d{4}\tthe film is good$/);

  const none = await succeed(predict(classes, ...table(), '--threshold', '1'));
  assert.match(none.stdout, /^-\t-\tthe film is good\n/);
  assert.equal(
    jsonLines((await succeed(predict(classes, ...table(), '--threshold', '1', '--json'))).stdout)[0].label,
    null,
  );
  const all = jsonLines((await succeed(predict(several, ...table(), '--threshold', '0', '--json'))).stdout);
  assert.deepEqual(all[0].labels, ['bad', 'good', 'unsure']);
  const half = jsonLines((await succeed(predict(several, ...table(), '--threshold', '0.5', '--json'))).stdout);
  const usual = jsonLines((await succeed(predict(several, ...table(), '--json'))).stdout);
  assert.deepEqual(half, usual);
  await succeed(predict(several, ...table(), '--threshold', '0', '--output', path('several.jsonl')));
  assert.deepEqual(jsonLines(readFileSync(path('several.jsonl'), 'utf8'))[0].prediction, ['bad', 'good', 'unsure']);
  await succeed(predict(several, ...table(), '--threshold', '0', '--output', path('several.csv')));
  assert.match(
    readFileSync(path('several.csv'), 'utf8').split('\n')[1],
    /^the film is good,"\[""bad"",""good"",""unsure""\]","\[0\.\d+,0\.\d+,0\.\d+\]"$/,
  );
});

const refused: readonly [readonly string[], RegExp][] = [
  [predict(classes, ...table(), '--output', path('x.txt')), /x\.txt: its name must end in \.csv, \.tsv, \.jsonl/],
  [
    predict(classes, ...table(), '--output', path('in.jsonl')),
    /in\.jsonl is there already; replace it with --overwrite/,
  ],
  [
    predict(classes, ...table(), '--output', path('in.csv'), '--overwrite'),
    /--output .*in\.csv is the file of --input; name another one/,
  ],
  [
    predict(classes, ...table('link.csv'), '--keep', '--output', path('in.csv'), '--overwrite'),
    /--output .*in\.csv is the file of --input; name another one/,
  ],
  [
    predict(classes, ...table(), '--output', path('folder.csv'), '--overwrite'),
    /folder\.csv is a folder; name a file in it/,
  ],
  [predict(classes, ...table(), '--keep'), /--keep goes with --output, or with --json/],
  [predict(classes, '--input', path('lines.txt'), '--keep', '--json'), /--keep keeps columns, which only/],
  [predict(classes, ...table(), '--overwrite'), /--overwrite goes with --output/],
  [predict(classes, ...table(), '--json', '--output', path('y.csv')), /--json prints lines/],
  [predict(number, ...table(), '--top-k', '2'), /--top-k is for classes, and this model gives numbers/],
  [predict(classes, ...table(), '--top-k', '0'), /--top-k.*whole number above 0/],
  [predict(classes, ...table(), '--threshold', '2'), /--threshold.*from 0 to 1/],
  [
    predict(classes, '--input', path('taken.csv'), '--text', 'said', '--keep', '--output', path('y.csv')),
    /y\.csv would have two columns 'prediction'/,
  ],
  [
    predict(classes, ...table('broken.csv'), '--output', path('y.csv')),
    /broken\.csv, line 41: 1 columns where the header has 2/,
  ],
];

test('what cannot be done is said in one line, and no file is left', async () => {
  symlinkSync(path('in.csv'), path('link.csv'));
  mkdirSync(path('folder.csv'));
  writeFileSync(path('taken.csv'), 'said,prediction\ngood,1\n');
  writeFileSync(path('broken.csv'), `said,id\n${'good film,1\n'.repeat(39)}good\n`);
  for (const [args, message] of refused) {
    const { code, stderr } = await sparseAdapter(args);
    assert.notEqual(code, 0, args.join(' '));
    assert.match(stderr, message);
  }
  assert.ok(!existsSync(path('y.csv')));
  assert.ok(!readdirSync(folder).some((name) => name.endsWith('.tmp')));
});

test('an interrupted command leaves nothing', async () => {
  writeFileSync(path('long.csv'), `said,id\n${'the film is good,1\n'.repeat(20_000)}`);
  const output = path('long.out.csv');
  const isWritten = () => readdirSync(folder).some((name) => name.endsWith('.tmp'));
  const child = spawn(process.execPath, [main, ...predict(classes, ...table('long.csv'), '--output', output)]);
  const watch = setInterval(() => {
    // A second one would quit at once.
    if (isWritten() && child.kill('SIGINT')) clearInterval(watch);
  }, 20);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  assert.equal(code, 130);
  assert.ok(!existsSync(output) && !isWritten());
});

test.run();
