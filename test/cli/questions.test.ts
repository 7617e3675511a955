import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { readParquet } from '../../src/data/index.ts';
import { snapshot, sparseAdapter, succeed } from '../support/command.ts';
import { questionFiles, questionFolder } from '../support/questions.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: questions about texts');

const context = 'the  story is not very good, it is dull.';
const folder = questionFolder({
  'asked.jsonl': `${JSON.stringify({ id: 'a', question: 'is the film good', context: 'the film is great.' })}\n`,
  'broken.jsonl': '{"question": "is the film good"}\n',
  'table.csv': `name,context,question\nx,the film is great.,is the film good\ny,,is it\n`,
  'table.txt': `{"question": "is it", "context": "it is."}\n\n{"question": "why"}\n7\n`,
  'not/train.json': '{"data": [{"paragraphs": [{"context": "a", "qas": [{"id": "q9"}]}]}]}',
});
const at = (...names: string[]) => join(folder, ...names);
const model = tinyFolder();
const train = (...more: string[]) => [
  ...['train', '--model', model, '--task', 'squad', '--data', folder, '--stride', '4', '--max-length', '20'],
  ...['--bottleneck', '4', '--learning-rate', '0.02', '--epochs', '6', '--batch-size', '8', ...more],
];

test.before(async () => {
  await succeed(train('--output', at('run')));
});

test('train, evaluate and info tell of questions', async () => {
  const { dev } = questionFiles(folder);
  const [again, other, about] = await Promise.all([
    succeed(['evaluate', at('run'), '--json']),
    succeed(['evaluate', at('run'), '--data', dev]),
    succeed(['info', at('run')]),
  ]);
  const result = JSON.parse(again.stdout);
  assert.deepEqual([result.data, result.examples], ['dev-tiny.json', 8]);
  assert.deepEqual(Object.keys(result.metrics), ['exact_match', 'f1']);
  assert.ok(result.metrics.f1 > 0.7, again.stdout);
  assert.match(other.stdout, /^exact_match +\d\.\d{4}$/m);
  assert.match(about.stdout, /^task +question-answering$/m);
  assert.match(about.stdout, /^data +SQuAD, /m);
});

test('predict answers one question, or JSON lines, with places in the text', async () => {
  const question = 'is the film good';
  const [line, json, file, piped] = await Promise.all([
    succeed(['predict', at('run'), '--question', question, '--context', context]),
    succeed(['predict', at('run'), '--question', question, '--context', context, '--json', '--answers', '3']),
    succeed(['predict', at('run'), '--input', at('asked.jsonl')]),
    succeed(['predict', at('run'), '--json'], { input: `${JSON.stringify({ question, context })}\n\n` }),
  ]);
  const [answer, probability, asked] = line.stdout.trimEnd().split('\t');
  assert.equal(asked, question);
  const document = JSON.parse(json.stdout);
  assert.deepEqual([document.question, document.answers.length], [question, 3]);
  for (const { text, start, end, score } of document.answers) {
    assert.equal(text, context.slice(start, end));
    assert.ok(Number.isFinite(score));
  }
  assert.equal(answer, document.answers[0].text.replace(/\s+/g, ' '));
  assert.equal(probability, document.answers[0].probability.toFixed(4));
  assert.equal(file.stdout.split('\t')[0], 'great');
  assert.deepEqual(JSON.parse(piped.stdout).answers.slice(0, 3), document.answers);
});

test('answers are written beside the columns of a table', async () => {
  const asked = ['predict', at('run'), '--input', at('table.csv'), '--skip-invalid'];
  const [printed, { stdout }] = await Promise.all([
    succeed(asked),
    succeed([...asked, '--json', '--keep']),
    ...['csv', 'jsonl', 'parquet'].map((ending) => succeed([...asked, '--keep', '--output', at(`kept.${ending}`)])),
    succeed([...asked, '--output', at('plain.csv')]),
  ]);
  assert.match(printed.stderr, /left out 1 of 2 rows: .*table\.csv, line 3: "context" is empty/);
  const { row, answers } = JSON.parse(stdout);
  assert.deepEqual(row, { name: 'x', context: 'the film is great.', question: 'is the film good' });
  const [{ text: prediction, probability, start, end }] = answers;
  const written = JSON.parse(readFileSync(at('kept.jsonl'), 'utf8'));
  assert.deepEqual(written, { ...row, prediction, probability, start, end });
  const cells = ['x', 'the film is great.', 'is the film good', prediction, probability, start, end].join(',');
  const head = 'prediction,probability,start,end';
  assert.equal(readFileSync(at('kept.csv'), 'utf8'), `name,context,question,${head}\n${cells}\n`);
  assert.match(readFileSync(at('plain.csv'), 'utf8'), new RegExp(`^question,context,${head}\n`));
  assert.deepEqual(await readParquet(at('kept.parquet'), ['name', 'start']), [{ name: 'x', start }]);
});

test('all lines that are no questions are listed', async () => {
  const { code, stderr } = await sparseAdapter(['predict', at('run'), '--input', at('table.txt')]);
  assert.equal(code, 1);
  assert.match(stderr, /has 2 rows that cannot be used: line 3: there is no 'context'; line 4: not a JSON object/);
});

const failures: [name: string, code: number, args: string[], message: RegExp][] = [
  ['a question without a context', 2, ['predict', 'RUN', '--question', 'why'], /--question needs --context/],
  ['a context without a question', 2, ['predict', 'RUN', '--context', 'a'], /--context needs a --question/],
  ['an empty context', 2, ['predict', 'RUN', '--question', 'why', '--context', ' '], /--context is empty/],
  [
    'a line without a context',
    1,
    ['predict', 'RUN', '--input', 'broken.jsonl'],
    /broken\.jsonl has no column 'context'; it has 'question'/,
  ],
  [
    'a delimiter without a table',
    2,
    ['predict', 'RUN', '--delimiter', ';'],
    /--delimiter goes with a table as --input/,
  ],
  [
    'columns for questions',
    2,
    ['predict', 'RUN', '--text', 'a'],
    /--text is not for questions; a table of them has the columns/,
  ],
  [
    'a question that is too long',
    1,
    ['predict', 'RUN', '--question', 'the film is '.repeat(9), '--context', 'a'],
    /the input, question 1: its 27 tokens leave no room for the context in a max length of 20/,
  ],
  [
    'no head',
    1,
    ['predict', '--model', model, '--question', 'a', '--context', 'a'],
    /no trained question-answering head/,
  ],
  [
    'a field that is missing',
    1,
    [...train('--output', 'other'), '--data', 'not'],
    /not\/train\.json, question q9: there is no "question"/,
  ],
  ['no such folder', 1, [...train(), '--data', 'nowhere'], /nowhere does not exist/],
  ['a label', 2, [...train(), '--label', 'mood'], /--label has no effect with --task squad/],
  ['pooling', 2, [...train(), '--pooling', 'mean'], /--pooling has no effect with --task squad/],
  [
    'columns in evaluation',
    2,
    ['evaluate', 'RUN', '--data', 'asked.jsonl', '--text', 'a'],
    /--text has no effect with task question-answering/,
  ],
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
      assert.equal(outcome.stdout, '', shown);
      const errors = outcome.stderr.split('\n').filter((line) => line.startsWith('error: '));
      assert.equal(errors.length, 1, shown);
      assert.match(errors[0], message, shown);
    }),
  );
  assert.deepEqual(snapshot(folder), before);
});

test('a stride and a question need their task', async () => {
  const reviews = reviewFolder();
  const table = ['--data', join(reviews, 'train.csv'), '--text', 'text', '--label', 'mood', '--bottleneck', '4'];
  const run = join(reviews, 'run');
  await succeed(['train', '--model', model, ...table, '--epochs', '1', '--output', run]);
  const [stride, question] = await Promise.all([
    sparseAdapter(['train', '--model', model, ...table, '--stride', '4', '--output', join(reviews, 'other')]),
    sparseAdapter(['predict', run, '--question', 'why', '--context', 'a']),
  ]);
  assert.deepEqual([stride.code, question.code], [2, 2]);
  assert.match(stride.stderr, /--stride has no effect with --task text-classification; it is for question-answering/);
  assert.match(question.stderr, /--question and --context are for a model of questions; this one labels texts/);
});

test.run();
