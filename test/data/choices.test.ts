import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { readChoices } from '../../src/data/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { parquetBytes } from '../support/parquet.ts';

const test = suite('data: multiple choice');

const SWAG = ',video-id,fold-ind,startphrase,sent1,sent2,gold-source,ending0,ending1,ending2,ending3,label';
const swag = [
  SWAG,
  '0,v1,1,x,"The band, in red, plays.",The singer,gold,bows.,eats.,"sits, alone.",leaves.,2',
  '1,v2,2,x,A man runs.,He,gold,falls.,sleeps.,sings.,stops.,0',
].join('\n');
const file = (name: string, content: string | Uint8Array) => join(temporaryFolder({ [name]: content }), name);

test('the columns of SWAG, in CSV and in memory', async () => {
  const { examples, labels, metrics, name } = await readChoices(file('swag.csv', swag));
  assert.deepEqual(examples[0], {
    text: 'The band, in red, plays.',
    choices: ['The singer bows.', 'The singer eats.', 'The singer sits, alone.', 'The singer leaves.'],
    label: 2,
  });
  assert.deepEqual([examples.length, labels, metrics, name], [2, null, ['accuracy'], 'swag.csv']);
  const named = { text: ['sent1', 'sent2'], choices: ['ending3', 'ending2'], label: 'fold-ind' };
  const { examples: other } = await readChoices(file('swag.csv', swag.replace(',2,x', ',0,x')), named);
  assert.deepEqual(other[1], { text: 'A man runs.', choices: ['He stops.', 'He sings.'], label: 0 });
});

test('a list of choices, in JSONL, in memory and in Parquet', async () => {
  const rows = [
    { text: 'What is red?', choices: ['a rose', 'a leaf', 'the sea'], label: 0 },
    { text: 'What is blue?', choices: ['a rose', 'the sea'], label: 1 },
  ];
  const jsonl = file('qa.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
  for (const data of [jsonl, rows]) assert.deepEqual((await readChoices(data)).examples, rows);
  const parquet = file(
    'qa.parquet',
    parquetBytes({
      question: rows.map(({ text }) => text),
      options: rows.map(({ choices }) => choices),
      answer: rows.map(({ label }) => BigInt(label)),
    }),
  );
  const columns = { text: 'question', choices: 'options', label: 'answer' };
  assert.deepEqual((await readChoices(parquet, columns)).examples, rows);
  const unlabelled = await readChoices(
    rows.map(({ label: _, ...row }) => row),
    { label: null },
  );
  assert.deepEqual([unlabelled.examples[0].label, unlabelled.metrics], [undefined, []]);
});

const good = { text: 'a', choices: ['b', 'c'], label: 0 };
const bad: [what: string, row: object, message: RegExp][] = [
  ['no text', { ...good, text: ' ' }, /row 1: no text in 'text' or 'sent1'/],
  ['no choices', { ...good, choices: [] }, /row 1: no choices; there must be two or more/],
  ['one choice', { ...good, choices: ['b'] }, /row 1: one choice; there must be two or more/],
  ['choices that are a text', { ...good, choices: 'b, c' }, /row 1: 'choices' is "b, c" and no list of choices/],
  ['an empty choice', { ...good, choices: ['b', ''] }, /row 1: choice 1 is "" and no text/],
  ['a choice that is a number', { ...good, choices: ['b', 3] }, /row 1: choice 1 is 3 and no text/],
  ['a label that is a letter', { ...good, label: 'B' }, /'label' is "B" and no number of a choice, from 0 to 1/],
  ['a label behind the last', { ...good, label: 2 }, /'label' is 2 and no number of a choice, from 0 to 1/],
  ['a label that is no whole number', { ...good, label: 0.5 }, /'label' is 0\.5 and no number of a choice/],
  ['a label of a test split', { ...good, label: -1 }, /'label' is -1 and no number of a choice/],
  ['no label', { ...good, label: null }, /row 1: no value for 'label'/],
];
for (const [what, row, message] of bad) {
  test(`${what} is one clear line`, () => assertRejectsInput(() => readChoices([row]), message));
}

test('bad rows can be left out', async () => {
  const { examples, warnings } = await readChoices([good, { ...good, label: 7 }], { skipInvalid: true });
  assert.deepEqual(examples, [good]);
  assert.match(warnings[0], /left out 1 of 2 rows/);
});

test('a column that is not there is named', async () => {
  await assertRejectsInput(
    () => readChoices(file('swag.csv', swag), { choices: 'options' }),
    /has no column 'options'/,
  );
  const quiz = file('quiz.csv', 'question,a,b,label\nWhat?,this,that,0\n');
  await assertRejectsInput(
    () => readChoices(quiz),
    /quiz\.csv has no column 'text' or 'sent1'; name the one with the text/,
  );
  await assertRejectsInput(
    () => readChoices(quiz, { text: 'question' }),
    /quiz\.csv has no column 'choices' or 'ending0'; name the one with lists .* with --choices \(choices\)\.$/,
  );
  await assertRejectsInput(() => readChoices([{ text: 'a', choices: ['b', 'c'] }]), /no column 'label'|no 'label'/);
});

test.run();
