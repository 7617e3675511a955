import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { readParquet } from '../../src/data/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { choiceRows } from '../support/choices.ts';
import { snapshot, sparseAdapter, succeed } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: multiple choice');

const rows = choiceRows(32);
const lines = (some: readonly object[]) => some.map((row) => `${JSON.stringify(row)}\n`).join('');
/** In the form of SWAG, with two choices. */
const csv = [
  'sent1,sent2,ending0,ending1,label',
  ...rows
    .filter(({ choices }) => choices.length === 2)
    .map(({ text, choices, label }) => `${text},it is,${choices.map((one) => one.slice(6)).join(',')},${label}`),
].join('\n');
const folder = temporaryFolder({
  'train.jsonl': lines(rows.slice(0, 24)),
  'dev.jsonl': lines(rows.slice(24)),
  'swag.csv': csv,
  'new.jsonl': lines(rows.slice(24).map(({ label: _, ...row }) => row)),
  'broken.jsonl': lines([rows[0], { ...rows[1], label: 'B' }]),
});
const at = (name: string) => join(folder, name);
const model = tinyFolder();
const train = (...more: string[]) => [
  ...['train', '--model', model, '--task', 'multiple-choice', '--max-length', '20', '--bottleneck', '4'],
  ...['--epochs', '1', '--batch-size', '8', ...more],
];

test.before(async () => {
  await succeed(train('--data', at('train.jsonl'), '--eval-data', at('dev.jsonl'), '--output', at('run')));
});

test('train, evaluate and predict, from lists and from the columns of SWAG', async () => {
  const [again, swag, labels, json, piped] = await Promise.all([
    succeed(['evaluate', at('run'), '--json']),
    succeed(['evaluate', at('run'), '--data', at('swag.csv'), '--json']),
    succeed(['predict', at('run'), '--input', at('new.jsonl')]),
    succeed([
      'predict',
      at('run'),
      '--input',
      at('swag.csv'),
      '--text',
      'sent1',
      '--choices',
      'ending1,ending0',
      '--json',
    ]),
    succeed(['predict', at('run')], { input: lines(rows.slice(24)) }),
  ]);
  const result = JSON.parse(again.stdout);
  assert.deepEqual([result.data, result.examples, Object.keys(result.metrics)], ['dev.jsonl', 8, ['accuracy']]);
  assert.equal(JSON.parse(swag.stdout).examples, 16);
  const cells = labels.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  assert.equal(cells.length, 8);
  for (const [i, [answer, number, probability, text]] of cells.entries()) {
    const { text: asked, choices } = rows[24 + i];
    assert.deepEqual([text, choices[Number(number)]], [asked, answer]);
    assert.ok(Number(probability) >= 1 / choices.length - 1e-4);
  }
  assert.equal(piped.stdout, labels.stdout);
  const [document] = json.stdout.split('\n').map((line) => (line === '' ? null : JSON.parse(line)));
  assert.equal(document.answer, document.choices[document.choice]);
  assert.equal(document.probabilities.length, 2);
});

test('predictions are written as a table', async () => {
  const printed = (await succeed(['predict', at('run'), '--input', at('new.jsonl')])).stdout.trimEnd().split('\n');
  for (const ending of ['jsonl', 'csv'])
    await succeed(['predict', at('run'), '--input', at('new.jsonl'), '--output', at(`chosen.${ending}`)]);
  const written = readFileSync(at('chosen.jsonl'), 'utf8').trimEnd().split('\n');
  for (const [i, line] of written.entries()) {
    const { text, choices, prediction, choice, probability } = JSON.parse(line);
    assert.deepEqual({ text, choices }, { text: rows[24 + i].text, choices: rows[24 + i].choices });
    assert.equal([prediction, choice, probability.toFixed(4), text].join('\t'), printed[i]);
  }
  assert.equal(written.length, printed.length);
  assert.match(readFileSync(at('chosen.csv'), 'utf8'), /^text,choices,prediction,choice,probability\n.*,"\[""/);
});

test('all columns of a table are kept beside the predictions', async () => {
  const kept = ['predict', at('run'), '--input', at('swag.csv'), '--keep'];
  await Promise.all([
    ...['csv', 'jsonl', 'parquet'].map((ending) => succeed([...kept, '--output', at(`kept.${ending}`)])),
  ]);
  const columns = 'sent1,sent2,ending0,ending1,label';
  const [head, ...written] = readFileSync(at('kept.csv'), 'utf8').trimEnd().split('\n');
  assert.equal(head, `${columns},prediction,choice,probability`);
  const given = csv.split('\n').slice(1);
  assert.equal(written.length, given.length);
  for (const [i, line] of written.entries()) assert.ok(line.startsWith(`${given[i]},it is `), line);
  const objects = readFileSync(at('kept.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(Object.keys(objects[0]), [...columns.split(','), 'prediction', 'choice', 'probability']);
  assert.deepEqual(
    await readParquet(at('kept.parquet'), ['sent1', 'prediction', 'choice']),
    objects.map(({ sent1, prediction, choice }) => ({ sent1, prediction, choice })),
  );
  const { stdout } = await succeed([...kept, '--json']);
  assert.deepEqual(JSON.parse(stdout.split('\n')[0]).row, JSON.parse(JSON.stringify(objects[0], columns.split(','))));
});

const failures: [name: string, code: number, args: string[], message: RegExp][] = [
  [
    'a label that is a letter',
    1,
    [...train(), '--data', 'broken.jsonl'],
    /broken\.jsonl, line 2: 'label' is "B" and no number of a choice/,
  ],
  ['no such column', 1, [...train(), '--data', 'train.jsonl', '--choices', 'options'], /has no column 'options'/],
  ['no such file', 1, [...train(), '--data', 'none.jsonl'], /none\.jsonl/],
  ['no data', 2, train(), /--data is missing/],
  ['a target', 2, [...train(), '--data', 'train.jsonl', '--target', 'x'], /--target has no effect with --task/],
  ['pooling', 2, [...train(), '--data', 'train.jsonl', '--pooling', 'mean'], /--pooling has no effect with --task/],
  ['a question', 2, ['predict', 'RUN', '--question', 'why'], /--question and --context are for a model of questions/],
  ['columns kept of lines', 2, ['predict', 'RUN', '--keep', '--json'], /--keep keeps columns, which only a \.csv/],
  [
    'its own input',
    2,
    ['predict', 'RUN', '--input', 'new.jsonl', '--output', 'new.jsonl', '--overwrite'],
    /--output new\.jsonl is the file of --input/,
  ],
  ['lines that are no JSON', 1, ['predict', 'RUN', '--input', 'swag.txt'], /swag\.txt/],
];
test('bad input is one line, and nothing is written', async () => {
  const before = snapshot(folder);
  await Promise.all(
    failures.map(async ([name, code, args, message]) => {
      const outcome = await sparseAdapter(
        args.map((arg) => (arg === 'RUN' ? at('run') : arg)),
        { cwd: folder },
      );
      const shown = `${name}: ${JSON.stringify(outcome)}`;
      assert.equal(outcome.code, code, shown);
      const errors = outcome.stderr.split('\n').filter((line) => line.startsWith('error: '));
      assert.equal(errors.length, 1, shown);
      assert.match(errors[0], message, shown);
    }),
  );
  assert.deepEqual(snapshot(folder), before);
});

test('choices are for their task', async () => {
  const reviews = reviewFolder();
  const table = ['--data', join(reviews, 'train.csv'), '--text', 'text', '--label', 'mood'];
  const { code, stderr } = await sparseAdapter(['train', '--model', model, ...table, '--choices', 'mood']);
  assert.equal(code, 2);
  assert.match(stderr, /--choices has no effect with --task text-classification; it is for multiple-choice/);
});

test.run();
