import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { sparseAdapter, succeed } from '../support/command.ts';
import { unansweredFolder } from '../support/questions.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: questions without an answer');

const context = 'the film is great, and not a book.';
const folder = unansweredFolder({
  'asked.jsonl': ['is the film good', 'old new film long short']
    .map((question) => `${JSON.stringify({ question, context })}\n`)
    .join(''),
});
const at = (name: string) => join(folder, name);
const train = (...more: string[]) => [
  ...['train', '--model', tinyFolder(), '--task', 'squad_v2', '--data', folder, '--stride', '4', '--max-length', '20'],
  ...['--bottleneck', '8', '--learning-rate', '0.03', '--epochs', '24', '--batch-size', '8', ...more],
];

test.before(async () => {
  await succeed(train('--output', at('run')));
});

test('what is read says how many have none, and what it scores to answer nothing', async () => {
  const { stderr } = await succeed(train('--dry-run'));
  assert.match(stderr, /^classes {3}answered 24 \+ 8, unanswered 24 \+ 8$/m);
  assert.match(stderr, /^baseline {2}exact 0\.5000 of the rows to validate on, with no answer for all$/m);
});

test('predict gives an empty answer where none is likely, and another threshold gives another', async () => {
  const predict = (...more: string[]) => succeed(['predict', at('run'), '--input', at('asked.jsonl'), ...more]);
  const [lines, json, always] = await Promise.all([
    predict(),
    predict('--json', '--answers', '2'),
    predict('--null-score-diff-threshold', '1000'),
  ]);
  const cells = lines.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  assert.deepEqual(
    cells.map(([answer, , question]) => [answer, question]),
    [
      ['great', 'is the film good'],
      ['', 'old new film long short'],
    ],
  );
  const [found, none] = json.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.ok(found.null_score_diff < 0 && none.null_score_diff > 0);
  assert.deepEqual([none.answers[0].text, none.answers[0].start, none.answers[0].end], ['', 0, 0]);
  assert.equal(none.answers[0].probability.toFixed(4), cells[1][1]);
  assert.equal(found.answers[0].text, context.slice(found.answers[0].start, found.answers[0].end));
  assert.ok(!always.stdout.split('\n').some((line) => line.startsWith('\t')));
});

test('evaluate takes a threshold, and the dataset of other data', async () => {
  const evaluate = async (...more: string[]) =>
    JSON.parse((await succeed(['evaluate', at('run'), '--json', ...more])).stdout).metrics;
  const [own, never, again] = await Promise.all([
    evaluate(),
    evaluate('--null-score-diff-threshold', '-1000'),
    evaluate('--task', 'question-answering', '--data', at('dev-tiny.json')),
  ]);
  assert.ok(own.exact > 0.7, JSON.stringify(own));
  assert.deepEqual([never.HasAns_exact, never.NoAns_exact], [0, 1]);
  assert.deepEqual(again, own);
  const strict = await sparseAdapter(['evaluate', at('run'), '--task', 'squad', '--data', at('dev-tiny.json')]);
  assert.equal(strict.code, 1);
  assert.match(strict.stderr, /question .*: there is no answer; in SQuAD 1\.1 .*--task squad_v2/);
});

test('rows that hold such questions are learnt as they are, and a line says so', async () => {
  const args = train('--output', at('other')).map((arg) => (arg === 'squad_v2' ? 'question-answering' : arg));
  const { stderr } = await succeed([...args, '--epochs', '1']);
  assert.match(stderr, /24 of 48 questions of train-tiny\.json have no answer: the model may say so/);
  const { stdout } = await succeed(['evaluate', at('other')]);
  assert.match(stdout, /^NoAns_exact +\d\.\d{4}/m);
});

test.run();
