import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { knownDatasets, readQuestions, squadFile } from '../../src/data/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { questionFolder, squadJson } from '../support/questions.ts';

const test = suite('data: SQuAD');

const write = (text: string): string => join(temporaryFolder({ 'file.json': text }), 'file.json');
const file = (qa: unknown, context: unknown = 'A film and a book.') =>
  write(JSON.stringify({ data: [{ paragraphs: [{ context, qas: [qa] }] }] }));
const answered = { id: 'q7', question: 'What?', answers: [{ text: 'film', answer_start: 2 }] };

test('questions with contexts and answers, in the order of the file', async () => {
  const path = write(
    squadJson([
      ['A film and a book.', { 'What?': 'film', 'And what?': 'a book' }],
      ['Yes.', { 'No?': 'Yes' }],
    ]),
  );
  const { name, examples, labels, metrics } = await readQuestions(path);
  assert.deepEqual([name, labels, metrics], ['file.json', null, ['exact_match', 'f1']]);
  assert.deepEqual(
    examples.map(({ id, question, context, answers }) => [id, question, context.slice(0, 6), answers]),
    [
      ['0-0', 'What?', 'A film', [{ text: 'film', start: 2 }]],
      ['0-1', 'And what?', 'A film', [{ text: 'a book', start: 11 }]],
      ['1-0', 'No?', 'Yes.', [{ text: 'Yes', start: 0 }]],
    ],
  );
});

test('a question without an answer has none, is null, or says so', async () => {
  const path = write(
    JSON.stringify({
      data: [
        {
          paragraphs: [
            {
              context: 'A film and a book.',
              qas: [
                { ...answered, is_impossible: false },
                { id: 'q8', question: 'Who?', answers: [], plausible_answers: [{ text: 'film', answer_start: 2 }] },
                { id: 'q9', question: 'Why?', answers: null },
                { id: 'q10', question: 'When?', is_impossible: true },
              ],
            },
          ],
        },
      ],
    }),
  );
  const { examples, metrics, warnings } = await readQuestions(path);
  assert.deepEqual(
    examples.map(({ id, answers }) => [id, answers.length]),
    [
      ['q7', 1],
      ['q8', 0],
      ['q9', 0],
      ['q10', 0],
    ],
  );
  assert.deepEqual(metrics, ['exact', 'f1']);
  assert.match(warnings[0], /^3 of 4 questions of file\.json have no answer: .* SQuAD 2\.0$/);
  const named = await readQuestions(path, { known: knownDatasets.squad_v2 });
  assert.deepEqual([named.warnings, named.examples], [[], examples]);
  await assertRejectsInput(
    () => readQuestions(path, { known: knownDatasets.squad }),
    /question q8: there is no answer; .*; in SQuAD 1\.1 every question has one, give data with others with --task squad_v2/,
  );
  const one = await readQuestions(file(answered), { known: knownDatasets.squad_v2 });
  assert.deepEqual(one.metrics, ['exact', 'f1'], 'as the dataset says');
});

test('rows without answers', async () => {
  const row = { question: 'What?', context: 'A film.' };
  const { examples } = await readQuestions([
    { ...row, answers: { text: ['film'], answer_start: [2] } },
    { ...row, answers: { text: [], answer_start: [] } },
    { ...row, answers: [] },
    { ...row, answers: null },
    { ...row, is_impossible: true },
  ]);
  assert.deepEqual(
    examples.map(({ answers }) => answers.length),
    [1, 0, 0, 0, 0],
  );
  await assertRejectsInput(() => readQuestions([row]), /data, row 1: there is no "answers"/);
});

test('answer_start counts characters as Python does, positions here are code units', async () => {
  const path = write(squadJson([['𝒜 😀 film 😀 book', { 'What?': 'book' }]]));
  const [{ context, answers }] = (await readQuestions(path)).examples;
  assert.deepEqual(answers, [{ text: 'book', start: context.indexOf('book') }]);
});

test('the files of a folder go by the beginning of their names', () => {
  const folder = questionFolder();
  assert.equal(squadFile(folder, 'train'), join(folder, 'train-tiny.json'));
  assert.equal(squadFile(folder, 'dev'), join(folder, 'dev-tiny.json'));
  const two = questionFolder({ 'dev-2.json': '' });
  assertInputError(
    () => squadFile(two, 'dev'),
    /has several files \(dev-2\.json, dev-tiny\.json\) named dev\*\.json; give one/,
  );
  assertInputError(() => squadFile(temporaryFolder(), 'train'), /has no file named train\*\.json/);
});

const bad: [string, string, RegExp][] = [
  ['JSON that is cut off', write('{"data": ['), /file\.json is not valid JSON: /],
  ['an empty file', write(' '), /file\.json is empty/],
  ['no data', write('{"version": "1.1"}'), /file\.json: there is no "data"/],
  ['data that is no list', write('{"data": {}}'), /file\.json: "data" is not a list/],
  ['an article without paragraphs', write('{"data": [{}]}'), /file\.json, article 1: there is no "paragraphs"/],
  ['no question at all', write('{"data": []}'), /file\.json has no questions/],
  ['a context that is empty', file(answered, ' \n'), /file\.json, article 1, paragraph 1: "context" is empty/],
  ['a context that is a number', file(answered, 7), /file\.json, article 1, paragraph 1: "context" is not a text/],
  ['a question without an id', file({ ...answered, id: undefined }), /paragraph 1, question 1: there is no "id"/],
  ['a question without text', file({ ...answered, question: '' }), /file\.json, question q7: "question" is empty/],
  ['no answers', file({ ...answered, answers: undefined }), /file\.json, question q7: there is no "answers"/],
  [
    'an answer to what has none',
    file({ ...answered, is_impossible: true }),
    /question q7: there are answers, and "is_impossible" is true\./,
  ],
  [
    'a truth value that is none',
    file({ ...answered, is_impossible: 'no' }),
    /question q7: "is_impossible" is "no", which is neither true nor false\./,
  ],
  [
    'an answer that stands elsewhere',
    file({ ...answered, answers: [{ text: 'film', answer_start: 3 }] }),
    /file\.json, question q7: at answer_start 3 the context has 'ilm ', not 'film'\./,
  ],
  [
    'an answer behind the end',
    file({ ...answered, answers: [{ text: 'film', answer_start: 99 }] }),
    /question q7: at answer_start 99 the context has '', not 'film'\./,
  ],
  [
    'a start that is no number',
    file({ ...answered, answers: [{ text: 'film', answer_start: '2' }] }),
    /question q7: answer_start "2" is not a position\./,
  ],
];
for (const [name, path, message] of bad) {
  test(`${name} is one clear line`, () => assertRejectsInput(() => readQuestions(path), message));
}

const good = { context: 'a film', qas: [{ id: 'q1', question: 'what', answers: [{ text: 'film', answer_start: 2 }] }] };
const someBad = write(
  JSON.stringify({
    data: [
      {},
      {
        paragraphs: [
          { context: '', qas: [] },
          { ...good, qas: [...good.qas, { id: 'q2', question: '', answers: [] }, { question: 'who' }] },
        ],
      },
    ],
  }),
);

test('all questions that cannot be used are listed in the order of the file', () =>
  assertRejectsInput(
    () => readQuestions(someBad),
    /^\S+file\.json has 4 rows that cannot be used: article 1: there is no "paragraphs"; article 2, paragraph 1: "context" is empty; question q2: "question" is empty; article 2, paragraph 2, question 3: there is no "id"\. Repair the rows, or leave them out with --skip-invalid/,
  ));

test('skipInvalid leaves them out and counts them', async () => {
  const { examples, warnings, skipped } = await readQuestions(someBad, { skipInvalid: true });
  assert.deepEqual(
    examples.map(({ id }) => id),
    ['q1'],
  );
  assert.equal(skipped, 4);
  assert.match(warnings.join(), /^left out 4 of 5 rows: /);
  const none = write(JSON.stringify({ data: [{}] }));
  await assertRejectsInput(() => readQuestions(none, { skipInvalid: true }), /article 1: .*; no row is left\.$/);
});

test('of many the first twenty are listed', async () => {
  const qas = Array.from({ length: 25 }, (_, i) => ({ id: `q${i}`, question: '', answers: [] }));
  const many = write(JSON.stringify({ data: [{ paragraphs: [{ context: 'a', qas }] }] }));
  await assertRejectsInput(
    () => readQuestions(many),
    /has 25 rows that cannot be used: .*question q19: [^;]*; and 5 more/,
  );
});

if (process.env.SPARSE_ADAPTER_DATA) {
  const folder = join(process.env.SPARSE_ADAPTER_DATA, 'squad');
  test('the official files', async () => {
    const dev = (await readQuestions(squadFile(folder, 'dev'))).examples;
    assert.equal(dev.length, 10570);
    assert.equal(
      dev.reduce((sum, { answers }) => sum + answers.length, 0),
      34726,
    );
    const train = (await readQuestions(squadFile(folder, 'train'))).examples;
    assert.ok(train.every(({ answers }) => answers.length === 1));
  });
}

test.run();
