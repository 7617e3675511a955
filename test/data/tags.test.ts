import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { joinWords, readTaggedWords, sourceOf, splitWords, streamWords } from '../../src/data/index.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { parquetBytes } from '../support/parquet.ts';
import { forAll, forAllAsync } from '../support/property.ts';
import { file, folderWith } from './folder.ts';

const test = suite('tagged words');

type Sentences = readonly (readonly (readonly [word: string, tag: string])[])[];

const conll = (sentences: Sentences) =>
  sentences.map((words) => words.map(([word, tag]) => `${word} NN ${tag}\n`).join('')).join('\n');

const read = async (...args: Parameters<typeof readTaggedWords>) => {
  const data = await readTaggedWords(...args);
  const pairs = data.examples.map(({ tokens, tags }) =>
    tokens.map((token, i) => [token, data.labels?.[tags?.[i] ?? -1]]),
  );
  return { ...data, pairs };
};

const small: Sentences = [
  [
    ['Mary', 'B-PER'],
    ['Shelley', 'I-PER'],
    ['wrote', 'O'],
  ],
  [['Paris', 'B-LOC']],
];

test('CoNLL, JSON lines, Parquet, CSV with lists and rows of a program say the same', async () => {
  const word = fc.tuple(fc.constantFrom('a', 'Bö', '#1', '-', 'né'), fc.constantFrom('O', 'B-PER', 'I-PER', 'B-X-Y'));
  await forAllAsync(
    fc.array(fc.array(word, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
    async (some) => {
      const sentences: Sentences = [...some, ...small];
      const tokens = sentences.map((words) => words.map(([token]) => token));
      const tags = sentences.map((words) => words.map(([, tag]) => tag));
      const rows = tokens.map((own, i) => ({ tokens: own, tags: tags[i] }));
      const cell = (list: readonly string[]) => `"${JSON.stringify(list).replaceAll('"', '""')}"`;
      const forms = [
        file('a.conll', `-DOCSTART- -X- O\n\n${conll(sentences)}`),
        file('a.txt', conll(sentences).replaceAll(' ', '\t').replaceAll('\n\n', '\n\t\n')),
        file('a.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
        file('a.csv', `tokens,tags\n${rows.map((row) => `${cell(row.tokens)},${cell(row.tags)}\n`).join('')}`),
        file('a.parquet', parquetBytes({ tokens, tags })),
        rows,
      ];
      for (const form of forms) {
        const data = await read(form);
        assert.deepEqual(data.pairs, sentences);
        assert.deepEqual(data.labels, [...new Set(tags.flat())].sort());
        assert.deepEqual(data.metrics, ['f1', 'precision', 'recall', 'accuracy']);
        assert.deepEqual(data.warnings, []);
      }
    },
    10,
  );
});

test('numbers of classes that a file names are tags; ner_tags is taken where there are no tags', async () => {
  const bytes = parquetBytes({ tokens: [['a', 'b'], ['c']], ner_tags: [[1, 0], [0]] }, { ner_tags: ['O', 'B-X'] }, [
    'ner_tags',
  ]);
  const path = file('a.parquet', bytes);
  for (const options of [{}, { tags: 'ner_tags' }]) {
    assert.deepEqual((await read(path, options)).pairs, [[['a', 'B-X'], ['b', 'O']], [['c', 'O']]]); // biome-ignore format: one line
  }
});

test('the tags of a model stay in its order, and unknown ones are listed', async () => {
  const path = file('a.conll', conll(small));
  const labels = ['O', 'I-PER', 'B-PER', 'B-LOC', 'I-LOC'];
  assert.deepEqual((await read(path, { labels })).examples[0].tags, [2, 1, 0]);
  await assertRejectsInput(
    () => readTaggedWords(path, { labels: ['O', 'B-PER', 'I-PER'] }),
    /line 5: unknown label 'B-LOC' in column 'tags'; known are 'O', 'B-PER', 'I-PER'/,
  );
});

test('lines and rows that cannot be used are listed by their lines, and left out if that is asked for', async () => {
  const path = file('a.conll', 'a O\nb\n\nc B-X\nd x O\n\ne B-X\nf O\n');
  await assertRejectsInput(
    () => readTaggedWords(path),
    /a\.conll has 2 rows that cannot be used: line 2: 'b' has no tag; a token is followed by white space and its tag; line 5: there are 3 columns, and 2 columns in line 4 of the same sentence/,
  );
  assert.deepEqual((await read(path, { skipInvalid: true })).pairs, [[['e', 'B-X'], ['f', 'O']]]); // biome-ignore format: one line
  const rows = [
    { tokens: 'a b', tags: ['O'] },
    { tokens: ['a', 'b'], tags: ['O'] },
    { tokens: [], tags: [] },
    { tokens: ['a'], tags: [''] },
    { tokens: ['a'], tags: 'O' },
    { tokens: ['a', 5], tags: ['O', 'O'] },
    { tokens: ['a'] },
  ];
  await assertRejectsInput(
    () => readTaggedWords(rows),
    /row 1: 'tokens' is not a list of words/,
    /row 2: there are 2 words and 1 tags/,
    /row 3: 'tokens' has no words/,
    /row 4: word 1, 'a', has no tag/,
    /row 5: 'tags' is not a list/,
    /row 6: 'tokens' is not a list of words/,
    /row 7: there is no 'tags'/,
  );
});

test('files without what is needed are refused by name', async () => {
  await assertRejectsInput(() => readTaggedWords(file('a.conll', '-DOCSTART-\n\n')), /a\.conll has no sentences/);
  await assertRejectsInput(() => readTaggedWords(file('a.conll', '')), /a\.conll has no sentences/);
  await assertRejectsInput(() => readTaggedWords(file('a.conll', 'a O\nb O\n')), /all tags are 'O'; a model needs two/);
  await assertRejectsInput(
    () => readTaggedWords(file('a.conll', conll(small)), { tokens: 'words' }),
    /has no column 'words'; it has 'tokens', 'tags'/,
  );
  await assertRejectsInput(
    () => readTaggedWords(file('a.jsonl', '{"words":["a"],"tags":["O"]}\n')),
    /has no column 'tokens'; it has 'words', 'tags'/,
  );
});

test('tags that mark no entities are told, and have an accuracy alone', async () => {
  const data = await readTaggedWords(file('a.conll', 'a DET\nb NOUN\n'));
  assert.deepEqual(data.metrics, ['accuracy']);
  assert.match(data.warnings.join(), /tags such as 'DET', 'NOUN' mark no entities/);
  const scheme = await readTaggedWords(file('a.conll', 'a U-X\nb O\nc B-X\nd L-X\n'));
  assert.deepEqual(scheme.metrics, ['f1', 'precision', 'recall', 'accuracy']);
});

test('comments of CoNLL-U at the beginning of a sentence are no words, and a word of one mark is', async () => {
  const path = file('a.conll', '# id 17 domain=news\n# text = a b\na O\n# B-X\n\n# O\nb B-X\n');
  assert.deepEqual((await read(path)).pairs, [[['a', 'O'], ['#', 'B-X']], [['#', 'O'], ['b', 'B-X']]]); // biome-ignore format: one line
});

test('a folder has a file for each split', async () => {
  const folder = folderWith({ 'train.conll': conll(small), 'wnut.dev.txt': 'x O\ny B-X\n', 'test.conll': 'z O\n' });
  const source = sourceOf({ data: folder, task: 'token-classification' });
  const names = (['train', 'evaluation'] as const).map((split) => source.open(split)?.name);
  assert.deepEqual(names, ['train.conll', 'wnut.dev.txt']);
  const two = sourceOf({ data: folderWith({ 'dev1.txt': 'a O', 'dev2.txt': 'a O' }), task: 'token-classification' });
  await assertRejectsInput(async () => two.open('evaluation'), /several files \(dev1\.txt, dev2\.txt\) named dev/);
  await assertRejectsInput(async () => two.open('train'), /no file named train; give one file/);
});

test('texts and lists of words are read as they arrive', async () => {
  const all = async (...args: Parameters<typeof streamWords>) => {
    const inputs: unknown[] = [];
    for await (const part of streamWords(...args)) inputs.push(...part);
    return inputs;
  };
  assert.deepEqual(await all(file('a.conll', 'a\nb\n\nc\n')), [['a', 'b'], ['c']]);
  const rows = file('a.jsonl', '{"tokens":["a","b"]}\n{"tokens":"a b"}\n{"tokens":5}\n');
  await assertRejectsInput(() => all(rows), /line 3: 'tokens' is neither a text nor a list of words/);
  const warnings: string[] = [];
  assert.deepEqual(await all(rows, { skipInvalid: true, onWarning: (line) => warnings.push(line) }), [
    ['a', 'b'],
    'a b',
  ]);
  assert.match(warnings.join(), /left out 1 of 3 rows/);
});

test('words are cut as corpora cut them', () => {
  const words = (text: string) => splitWords(text).map((word) => word.text);
  assert.deepEqual(words('"Paris," she said (twice).'), [
    '"',
    'Paris',
    ',',
    '"',
    'she',
    'said',
    '(',
    'twice',
    ')',
    '.',
  ]);
  assert.deepEqual(words("  don't al-Ain @name U.S. e.g. 3.5\t#tag "), [
    "don't",
    'al-Ain',
    '@name',
    'U.S.',
    'e.g.',
    '3.5',
    '#tag',
  ]);
  assert.deepEqual(words('在北京 and 東京。'), ['在', '北', '京', 'and', '東', '京', '。']);
  assert.deepEqual(words('?! ... 😀!'), ['?', '!', '.', '.', '.', '😀', '!']);
  assert.deepEqual(words(' \n'), []);
});

test('every word is where it stands, and only white space is between words', () => {
  const piece = fc.constantFrom('a', 'U.S.', '😀', '"', '(', '.', ' ', '\t', '北', 'é', '-', "'", '¿', '…');
  forAll(fc.array(piece, { maxLength: 12 }), (pieces) => {
    const text = pieces.join('');
    let end = 0;
    for (const word of splitWords(text)) {
      assert.equal(text.slice(word.start, word.end), word.text);
      assert.equal(text.slice(end, word.start).trim(), '');
      assert.ok(word.text !== '' && word.text.isWellFormed());
      end = word.end;
    }
    assert.equal(text.slice(end).trim(), '');
  });
  const { text, words } = joinWords(['New', 'York', '.']);
  assert.deepEqual(words.map(({ start, end }) => text.slice(start, end)), ['New', 'York', '.']); // biome-ignore format: one line
});

test.run();
