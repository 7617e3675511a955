import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type ExampleOptions, isSeparable, openRowFile, readExamples } from '../../src/data/index.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { parquetBytes } from '../support/parquet.ts';
import { forAllAsync } from '../support/property.ts';
import { file } from './folder.ts';

const test = suite('lists of labels');

const lists: ExampleOptions = { text: 'text', label: 'topics', problemType: 'multi_label_classification' };
const auto: ExampleOptions = { text: 'text', label: 'topics' };

/** The same rows in all forms that lists can have. */
function inAllForms(rows: readonly (readonly string[])[]): [path: string, options: ExampleOptions][] {
  const csv = (cell: (labels: readonly string[]) => string) =>
    `text,topics\n${rows.map((labels, i) => `t${i},"${cell(labels).replaceAll('"', '""')}"\n`).join('')}`;
  return [
    [
      file(
        'a.csv',
        csv((labels) => labels.join('; ')),
      ),
      { ...lists, labelSeparator: ';' },
    ],
    [
      file(
        'json.csv',
        csv((labels) => JSON.stringify(labels)),
      ),
      lists,
    ],
    [file('a.jsonl', rows.map((topics, i) => `${JSON.stringify({ text: `t${i}`, topics })}\n`).join('')), lists],
    [
      file('a.parquet', parquetBytes({ text: rows.map((_, i) => `t${i}`), topics: rows.map((all) => [...all]) })),
      lists,
    ],
  ];
}

const namesOf = ({ examples, labels }: Awaited<ReturnType<typeof readExamples>>) =>
  examples.map((example) => example.labels?.map((label) => labels?.[label]));

test('a separator, lists of JSON lines and Parquet, and lists in CSV say the same', async () => {
  const label = fc.constantFrom('billing', 'refund', 'Login', 'old one', 'ü');
  const row = fc.uniqueArray(label, { maxLength: 3 });
  await forAllAsync(
    fc.array(row, { minLength: 1, maxLength: 8 }).filter((rows) => rows.some((labels) => labels.length > 0)),
    async (rows) => {
      const all = [...new Set(rows.flat())].sort();
      for (const [path, options] of inAllForms(rows)) {
        const data = await readExamples(path, options);
        assert.deepEqual(data.labels, all, path);
        assert.deepEqual(
          namesOf(data),
          rows.map((labels) => [...labels].sort()),
          path,
        );
        assert.deepEqual(data.metrics, ['f1_micro', 'f1_macro', 'f1_weighted', 'f1_samples', 'accuracy']);
        assert.deepEqual(data.warnings, []);
      }
    },
    10,
  );
});

test('classes that a Parquet file names stand in lists by their numbers', async () => {
  const bytes = parquetBytes({ text: ['a', 'b', 'c'], topics: [[1, 0], [], [1]] }, { topics: ['joy', 'fear'] }, [
    'topics',
  ]);
  const data = await readExamples(file('a.parquet', bytes), lists);
  assert.deepEqual(
    [data.labels, namesOf(data)],
    [
      ['fear', 'joy'],
      [['fear', 'joy'], [], ['fear']],
    ],
  );
});

test('numbers are names; a label that is there twice counts once; a text without labels is one', async () => {
  const path = file('a.csv', 'text,topics\na,"10, 2,2"\nb,\nc,2\n');
  const data = await readExamples(path, { ...lists, labelSeparator: ',' });
  assert.deepEqual(
    [data.labels, namesOf(data)],
    [
      ['2', '10'],
      [['2', '10'], [], ['2']],
    ],
  );
});

test('the labels of a model stay in its order, and unknown ones are listed', async () => {
  const path = file(
    'a.jsonl',
    '{"text":"a","topics":["x","z"]}\n{"text":"b","topics":["y","q"]}\n{"text":"c","topics":[]}\n',
  );
  await assertRejectsInput(
    () => readExamples(path, { ...lists, labels: ['z', 'y', 'x'] }),
    /line 2: unknown label 'q' in column 'topics'; known are 'z', 'y', 'x'/,
  );
  const data = await readExamples(path, { ...lists, labels: ['z', 'y', 'x'], skipInvalid: true });
  assert.deepEqual(data.examples.map(({ labels }) => labels), [[0, 2], []]); // biome-ignore format: one line
});

test('what is no label is listed, and a column without any is refused', async () => {
  const bad = file(
    'a.jsonl',
    '{"text":"a","topics":["x",null]}\n{"text":"b","topics":[{}]}\n{"text":"c","topics":["x"]}\n',
  );
  await assertRejectsInput(
    () => readExamples(bad, lists),
    /line 1: 'null' in 'topics' is no label; line 2: 'topics' is a list of what is neither a text nor a number/,
  );
  const none = file('a.jsonl', '{"text":"a","topics":[]}\n{"text":"b","topics":null}\n');
  await assertRejectsInput(() => readExamples(none, lists), /no labels: no cell of column 'topics' has one/);
});

test('lists are never classes in silence', async () => {
  for (const [name, text] of [
    ['a.jsonl', '{"text":"a","topics":["x","y"]}\n{"text":"b","topics":["x"]}\n'],
    ['a.csv', 'text,topics\na,"[""x"",""y""]"\nb,"[""x""]"\n'],
  ]) {
    const path = file(name, text);
    await assertRejectsInput(
      () => readExamples(path, auto),
      /column 'topics' holds lists .*--problem-type multi_label_classification \(problemType: 'multi_label/,
    );
    const asked = await readExamples(path, { ...auto, problemType: 'single_label_classification' });
    assert.equal(asked.labels?.length, 2);
  }
});

test('combinations are told in one line that says what to set', async () => {
  const told = async (cells: readonly string[], options = auto) => {
    const rows = cells.map((cell, i) => JSON.stringify({ text: `t${i}`, topics: cell })).join('\n');
    return (await readExamples(file('a.jsonl', rows), options)).warnings.join();
  };
  for (const separator of [';', '|', ',']) {
    const line = await told([`billing${separator} refund`, 'billing', 'refund']);
    assert.match(
      line,
      /read as 3 classes, of which 'billing. refund' is one; .*--label-separator \(labelSeparator: '.'\)/,
    );
    assert.ok(line.includes(`'${separator}'`), line);
  }
  assert.equal(await told(['Books, Music & Games', 'Toys, Kids']), '', 'no part is there twice');
  assert.equal(await told(['a;', ';b']), '', 'one part is no list');
  assert.equal(await told(['a;b', 'c'], { ...auto, problemType: 'single_label_classification' }), '');
  assert.match(await told(['a;b', 'c'], lists), /has the label 'a;b'; if it is several, say --label-separator/);
  const slash = { ...lists, labelSeparator: '/' };
  assert.equal(
    await told(['a;b', 'c'], slash),
    "no cell of column 'topics' has the separator '/', so each is one label at most; column 'topics' has the label 'a;b'; if it is several, say --label-separator (labelSeparator: ';')",
  );
  assert.match(await told(['a', 'b'], slash), /^no cell of column 'topics' has the separator '\/'[^;]*$/);
  assert.equal(await told(['a/b', 'c;d'], slash), '', 'the separator is there');
  assert.equal(await told(['["a", "b"]', 'c'], slash), '', 'a list needs no separator');
  const numbers = file('a.csv', 'text,topics\na,"3,4"\nb,3\n');
  await assertRejectsInput(
    () => readExamples(numbers, auto),
    /comma in a number.*--label-separator \(labelSeparator: ','\)/,
  );
});

const part = (parts: readonly string[], maxLength: number) =>
  fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength }).map((some) => some.join(''));

test('labels that are separable are read back from cells with the separator, those that are not would be others', async () => {
  const names = fc.uniqueArray(part(['a', 'b', ';', ', ', '[', ']', '1', '\t'], 3), { minLength: 2, maxLength: 3 });
  await forAllAsync(
    fc.tuple(names, part([';', ',', ' ', '|', 'a'], 2)),
    async ([labels, labelSeparator]) => {
      if (!isSeparable(labels, labelSeparator)) return;
      for (const ending of ['csv', 'tsv']) {
        const path = file(`cells.${ending}`, '');
        const out = await openRowFile(path, ['text', 'topics'], { overwrite: true });
        const rows = [labels, labels.slice(1), []];
        await out.write(rows.map((some, i) => ({ text: `t${i}`, topics: some.join(labelSeparator) })));
        await out.commit();
        const { examples, labels: known } = await readExamples(path, { ...lists, labels, labelSeparator });
        assert.deepEqual(known, labels);
        assert.deepEqual(
          examples.map((example) => example.labels),
          [labels.map((_, i) => i), labels.slice(1).map((_, i) => i + 1), []],
        );
      }
    },
    100,
  );
  assert.ok(isSeparable(['a, b', 'c'], ';') && !isSeparable(['a, b', 'c'], ',') && !isSeparable(['a;', 'c'], ';;'));
  assert.ok(!isSeparable(['[1', '2]'], ',') && !isSeparable(['a', ''], ';') && !isSeparable(['a'], '\t'));
});

test.run();
