import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import {
  knownDatasets,
  type Rows,
  readExamples,
  readQuestions,
  readTextPairs,
  type Source,
  type SourceSettings,
  type Split,
  sourceOf,
  streamExamples,
} from '../../src/data/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { parquetBytes } from '../support/parquet.ts';
import { questionFolder } from '../support/questions.ts';

const test = suite('sources');

const reviews = [
  { stars: 5, text: ' good film ', mood: 'glad' },
  { stars: 1, text: 'bad film', mood: 'sad' },
];
const columns = { text: 'text', label: 'mood' };
const read = {
  name: 'data',
  examples: [
    { text: 'good film', label: 0 },
    { text: 'bad film', label: 1 },
  ],
  labels: ['glad', 'sad'],
  metrics: ['accuracy', 'f1_macro'],
  warnings: [],
};

const rowsIn = (settings: SourceSettings, split: Split): Rows => {
  const rows = sourceOf(settings).open(split);
  assert.ok(rows, `no rows of ${split}`);
  return rows;
};

test('rows in memory: arrays and what can be read again, at once or later', async () => {
  assert.deepEqual(await readExamples(reviews, columns), read);
  const again = {
    *[Symbol.iterator]() {
      yield* reviews;
    },
  };
  const later = {
    async *[Symbol.asyncIterator]() {
      yield* reviews;
    },
  };
  for (const rows of [again, later, new Set(reviews)]) {
    const source = sourceOf({ data: rows });
    for (let epoch = 0; epoch < 2; epoch++) assert.deepEqual(await readExamples(source, columns), read);
    assert.equal(source.open('evaluation'), null);
  }
});

test('an iterator or a stream can be read once', async () => {
  const generator = () =>
    (function* () {
      yield* reviews;
    })();
  const once = sourceOf({ data: generator() });
  assert.deepEqual(await readExamples(once, columns), read);
  const message =
    /^data has been read, and an iterator or a stream gives its rows once only; give an array, or an object whose \[Symbol\.asyncIterator\] begins anew each time\.$/;
  await assertRejectsInput(() => readExamples(once, columns), message);
  const stream = new ReadableStream({
    start(controller) {
      for (const row of reviews) controller.enqueue(row);
      controller.close();
    },
  });
  assert.deepEqual(await readExamples(stream, columns), read);
  await assertRejectsInput(() => readExamples(stream, columns), message);
});

test('cells that are neither texts nor finite numbers are named', async () => {
  for (const [value, message] of [
    [Infinity, /row 1: 'mood' is Infinity, which is no finite number/],
    [-Infinity, /'mood' is -Infinity/],
    [() => 'x', /'mood' is neither a text nor a number/],
    [Symbol('x'), /'mood' is neither a text nor a number/],
    [new Date(), /'mood' is neither a text nor a number/],
  ] as const) {
    const rows = [
      { text: 'a', mood: value },
      { text: 'b', mood: 2 },
      { text: 'c', mood: 3 },
    ];
    await assertRejectsInput(() => readExamples(rows, columns), message);
  }
});

test('a number is no text, in files as in memory and to learn from as to predict, and it may be a label', async () => {
  const rows: readonly object[] = [
    { text: 'a', other: '1', mood: 1 },
    { text: 5, other: 'x', mood: true },
    { text: 'b', other: false, mood: 'y' },
    { text: 7n, other: 'x', mood: 3 },
    { text: Number.NaN, other: 'x', mood: 4 },
  ];
  const pair = { text: ['text', 'other'], label: 'mood' };
  const message =
    /^data has 4 rows that cannot be used: row 2: 'text' is 5, a number and no text: write "5"; row 3: 'other' is false, a truth value and no text: write "false"; row 4: 'text' is 7, a number and no text: write "7"; row 5: no value for 'text'\. Repair/;
  await assertRejectsInput(() => readExamples(rows, pair), message);
  await assertRejectsInput(async () => {
    for await (const _ of streamExamples(rows, { text: ['text', 'other'] }));
  }, message);
  await assertRejectsInput(() => readTextPairs(rows, { text: 'text', target: 'other' }), message);
  const folder = temporaryFolder({
    'numbers.jsonl': '{"text":"a","mood":1}\n{"text":5,"mood":2}',
    'numbers.csv': 'text,mood\n5,1\n6,2\n',
  });
  await assertRejectsInput(
    () => readExamples(join(folder, 'numbers.jsonl'), { text: 'text', label: 'mood' }),
    /numbers\.jsonl, line 2: 'text' is 5, a number and no text: write "5"/,
  );
  const { examples } = await readExamples(join(folder, 'numbers.csv'), { text: 'text' });
  assert.deepEqual(examples, [{ text: '5' }, { text: '6' }]);
});

test('rows in memory follow the rules of files', async () => {
  const rows = [{ a: 'x', b: 'y', label: 1.5 }, { a: 'z', b: null, label: 'NA' }, { a: ['x'], b: 'y', label: 2 }, 'x'];
  const pairs = { text: ['b', 'a'], label: 'label' };
  await assertRejectsInput(
    () => readExamples(rows as object[], pairs),
    /^data has 3 rows that cannot be used: row 2: no value for 'b'; row 3: 'a' is neither a text nor a number; row 4: "x" is not an object such as/,
  );
  const { examples, metrics, warnings } = await readExamples(rows as object[], { ...pairs, skipInvalid: true });
  assert.deepEqual(examples, [{ text: 'y', textPair: 'x', label: 1.5 }]);
  assert.deepEqual(metrics, ['pearson', 'spearman']);
  assert.match(warnings[0], /left out 3 of 4 rows/);
  await assertRejectsInput(
    () => readExamples(reviews, { text: 'text', label: 'label' }),
    /^data has no column 'label'; it has 'stars', 'text', 'mood'/,
  );
  await assertRejectsInput(() => readExamples([]), /^data has no rows/);
  await assertRejectsInput(() => readExamples(7 as never), /^data is 7; it must be a file or a folder/);
  await assertRejectsInput(() => readExamples(reviews, { text: 'toString' }), /no column 'toString'/);
});

test('without columns: text, and textPair where there is one', async () => {
  const { examples } = await readExamples([{ text: 'a', textPair: 'b' }]);
  assert.deepEqual(examples, [{ text: 'a', textPair: 'b' }]);
  assert.deepEqual((await readExamples(reviews.slice(1))).examples, [{ text: 'bad film' }]);
  for (const [name, content] of Object.entries({
    'a.csv': 'id,text\n1,x\n',
    'a.tsv': 'text\nx\n',
    'a.jsonl': '{"text":"x"}\n',
    'a.parquet': parquetBytes({ text: ['x'], id: ['1'] }),
  })) {
    const path = join(temporaryFolder({ [name]: content }), name);
    assert.deepEqual((await readExamples(path)).examples, [{ text: 'x' }], name);
  }
});

test('getters of a class are columns', async () => {
  class Review {
    get text() {
      return 'computed';
    }
  }
  assert.deepEqual((await readExamples([new Review()])).examples, [{ text: 'computed' }]);
});

test('the same rows in memory, in a file and in a folder of GLUE give one dataset', async () => {
  const rows = [
    { sentence1: 'It rains.', sentence2: 'It is wet.', label: 'entailment' },
    { sentence1: 'It rains.', sentence2: 'It is dry.', label: 1 },
  ];
  const folder = temporaryFolder({
    'rte.jsonl': rows.map((row) => JSON.stringify(row)).join('\n'),
    'RTE/dev.tsv':
      'index\tsentence1\tsentence2\tlabel\n0\tIt rains.\tIt is wet.\tentailment\n1\tIt rains.\tIt is dry.\tnot_entailment\n',
  });
  const known = knownDatasets.rte;
  const [{ examples, labels }, ...others] = await Promise.all([
    readExamples(rowsIn({ task: 'rte', data: folder }, 'evaluation'), { known }),
    readExamples(join(folder, 'rte.jsonl'), { known }),
    readExamples(rowsIn({ task: 'rte', data: join(folder, 'rte.jsonl') }, 'train'), { known }),
    readExamples(rows, { known }),
  ]);
  assert.deepEqual(examples[1], { text: 'It rains.', textPair: 'It is dry.', label: 1 });
  for (const other of others) assert.deepEqual([other.examples, other.labels], [examples, labels]);
});

test('questions and pairs of texts in memory and in tables', async () => {
  const answers = [{ text: 'film', answer_start: 4 }];
  const question = { question: 'What?', context: '😀 a film', answers };
  const found = [{ id: '1', question: 'What?', context: '😀 a film', answers: [{ text: 'film', start: 5 }] }];
  assert.deepEqual((await readQuestions([question])).examples, found);
  assert.deepEqual((await readQuestions([{ ...question, answers: [{ text: 'film', start: 5 }] }])).examples, found);
  const file = join(temporaryFolder({ 'mine.jsonl': JSON.stringify(question) }), 'mine.jsonl');
  assert.deepEqual((await readQuestions(file)).examples, found);
  assert.deepEqual((await readQuestions([{ ...question, answers: [] }])).examples[0].answers, []);
  const strict = () => readQuestions([{ ...question, answers: [] }], { known: knownDatasets.squad });
  await assertRejectsInput(strict, /^data, row 1: there is no answer/);
  const pairs = await readTextPairs([{ text: 'long', target: 'short' }]);
  assert.deepEqual(pairs.examples, [{ text: 'long', target: 'short' }]);
});

test('evaluation rows: those of the source, or of another', async () => {
  const folder = questionFolder();
  assert.equal(rowsIn({ data: folder, task: 'squad' }, 'evaluation').name, 'dev-tiny.json');
  const file = join(folder, 'train-tiny.json');
  assert.equal(sourceOf({ data: file, task: 'squad' }).open('evaluation'), null);
  assert.equal(rowsIn({ data: file, evalData: folder, task: 'squad' }, 'evaluation').name, 'dev-tiny.json');
  const both = { data: 'train.csv', evalData: reviews.slice(1) };
  assert.equal(rowsIn(both, 'train').name, 'train.csv');
  assert.equal((await readExamples(rowsIn(both, 'evaluation'), { text: 'text' })).name, 'evalData');
  assert.equal(sourceOf({}).open('train'), null);
  assert.equal(sourceOf({ task: 'rte' }).open('train'), null, 'an adapter from elsewhere has a task and no source');
  assert.equal(sourceOf({ task: 'wordnet' }).open('train')?.name, 'WordNet train');
});

test('a folder needs the name of its dataset', async () => {
  await assertRejectsInput(
    () => readExamples(temporaryFolder()),
    /is a folder; name its dataset with task \(cola, .*, xsum, .*\), or give a file in it/,
  );
});

test('a source of a program goes the same way as those that are built in', async () => {
  const mine: Source = {
    open: (split) =>
      split === 'train'
        ? null
        : {
            name: 'mine',
            async *parts(asked) {
              for (const row of reviews) {
                const cells = asked.map(({ name }) => row[name as 'text']);
                yield { file: 'mine', unit: 'row', rows: [{ number: 1, cells }] };
              }
            },
          },
  };
  const rows = rowsIn({ data: mine }, 'evaluation');
  assert.deepEqual(await readExamples(rows, columns), { ...read, name: 'mine' });
  const texts: string[] = [];
  for await (const part of streamExamples(rows)) texts.push(...part.map(({ text }) => text));
  assert.deepEqual(texts, ['good film', 'bad film']);
  await assertRejectsInput(() => readExamples(mine, columns), /^The source has no rows to train on/);
});

test.run();
