import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { readExamples, sourceOf, tableColumns } from '../../src/data/index.ts';
import { tableSettings } from '../../src/data/settings.ts';
import { valueOfText } from '../../src/settings/index.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { forAllAsync } from '../support/property.ts';
import { file } from './folder.ts';

const test = suite('tables: delimiter and encoding');

const options = { text: ['text'], label: 'label' };
const cell = fc
  .array(fc.constantFrom('a', 'é', '漢', '"', ',', ';', '|', '\t', '\n', ' ', 'b'), { maxLength: 6 })
  .map((parts) => `x${parts.join('')}x`);
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

test('the delimiter is told by the header, whatever stands in cells, and a line says which unless it is the usual one', async () => {
  await forAllAsync(
    fc.record({
      rows: fc.array(fc.tuple(cell, fc.constantFrom('pos', 'neg')), { minLength: 1, maxLength: 5 }),
      delimiter: fc.constantFrom(',', ';', '\t', '|'),
      ending: fc.constantFrom('\n', '\r\n', '\r'),
      name: fc.constantFrom('a.csv', 'a.tsv'),
    }),
    async ({ rows, delimiter, ending, name }) => {
      if (name === 'a.tsv' && delimiter === '\t') return;
      const lines = [
        ['id', 'label', 'text'],
        ...rows.map(([text, label]) => ['1', label, quoted(text)]),
        ['2', 'pos', 'y'],
        ['3', 'neg', 'z'],
      ];
      const path = file(name, lines.map((cells) => cells.join(delimiter) + ending).join(''));
      const { examples, warnings } = await readExamples(path, options);
      assert.deepEqual(
        examples.map(({ text }) => text),
        [...rows.map(([text]) => text), 'y', 'z'],
      );
      const title = delimiter === '\t' ? 'TABs' : `'${delimiter}'`;
      const note = `${path}: cells are separated by ${title}; --delimiter (delimiter) says otherwise`;
      assert.deepEqual(warnings, name === 'a.csv' && delimiter === ',' ? [] : [note]);
    },
    60,
  );
});

test("the first line of Excel, 'sep=;', is no header", async () => {
  for (const [delimiter, ending] of [
    [';', '\r\n'],
    [',', '\n'],
    ['|', '\r'],
    ['\t', '\r\n'],
  ]) {
    const lines = [`sep=${delimiter}`, ['label', 'text'].join(delimiter), ['pos', 'a, b'], ['neg', 'c']];
    const cells = lines.map((line) =>
      typeof line === 'string' ? line : line.map((one) => `"${one}"`).join(delimiter),
    );
    const path = file('excel.csv', `\ufeff${cells.join(ending)}${ending}`);
    const { examples, warnings } = await readExamples(path, options);
    assert.deepEqual([examples.map(({ text }) => text), warnings], [['a, b', 'c'], []]);
    assert.deepEqual(await tableColumns(path), ['label', 'text']);
    const said = sourceOf({ data: path, delimiter }).open('train');
    assert.equal(said && (await readExamples(said, options)).examples.length, 2);
  }
  const column = file('column.csv', 'sep=;,text,label\nx,a,pos\ny,b,neg\n');
  assert.equal((await readExamples(column, options)).examples.length, 2);
});

test('a delimiter that is said is taken, and nothing is told', async () => {
  const path = file('a.csv', 'label;text;text|x\npos;good, bad;1\nneg;bad;2\n');
  const read = (delimiter?: string) => readExamples(sourceOf({ data: path, delimiter }), options);
  const { examples, warnings } = await read(';');
  assert.deepEqual([examples[0].text, warnings], ['good, bad', []]);
  await assertRejectsInput(() => read(','), /a\.csv has no column 'text'; it has 'label;text;text\|x'/);
});

test('a column that is missing with every delimiter is named with those of the likeliest', async () => {
  const path = file('a.csv', 'text;label;x\na;b;c\n');
  await assertRejectsInput(
    () => readExamples(path, { text: ['texts'], label: 'label' }),
    /a\.csv has no column 'texts'; it has 'text', 'label', 'x'$/,
  );
  await assertRejectsInput(
    () => readExamples(file('b.csv', 'a,text;label\nx,y;z\n'), options),
    /b\.csv has no column 'text'; it has 'a', 'text;label'$/,
  );
});

test('where a header is one column and another is missing, the option that says what separates them is named', async () => {
  const colon = file('colon.csv', 'text:label\na:b\n');
  const remedy = /say what separates them with --delimiter \(delimiter\), one of ',', ';', '\|' and tab$/;
  await assertRejectsInput(() => readExamples(colon, options), /has no column 'text'; it has 'text:label': if/, remedy);
  const spaces = file('spaces.tsv', 'text  label\na  b\n');
  await assertRejectsInput(() => readExamples(spaces, options), /spaces\.tsv has no column 'text'; it has/, remedy);
  const told = sourceOf({ data: file('semi.csv', 'text;label\na;b\n'), delimiter: ',' });
  await assertRejectsInput(() => readExamples(told, options), /semi\.csv has no column 'text'; it has/, remedy);
});

test('two delimiters that are possible are named with the option that says which', async () => {
  const path = file('a.csv', 'x,y;text;z|text|b\n1;2;3\n');
  await assertRejectsInput(
    () => readExamples(path, { text: ['text'] }),
    /a\.csv: its cells may be separated by ';' or '\|'; say which with --delimiter/,
  );
});

test('UTF-8 and UTF-16 are told by their marks; other encodings are named', async () => {
  const csv = 'text,label\ncafé 漢,pos\nthé,neg\n';
  const swapped = (text: string) => Buffer.from(text, 'utf16le').swap16();
  const tables = {
    'a.csv': csv,
    'a.tsv': csv.replaceAll(',', '\t'),
    'a.jsonl': '{"text":"café 漢","label":"pos"}\n{"text":"thé","label":"neg"}',
  };
  for (const [name, text] of Object.entries(tables)) {
    for (const bytes of [text, `\uFEFF${text}`, Buffer.from(`\uFEFF${text}`, 'utf16le'), swapped(`\uFEFF${text}`)]) {
      const { examples, warnings } = await readExamples(file(name, bytes), options);
      assert.deepEqual([examples.map((example) => example.text), warnings], [['café 漢', 'thé'], []]);
    }
    const unmarked = file(name, swapped(text.replace(' 漢', '')));
    await assertRejectsInput(
      () => readExamples(unmarked, options),
      /UTF-16 without a mark .* say with --encoding \(encoding\) which it is: utf-16le or utf-16be/,
    );
    const named = sourceOf({ data: unmarked, encoding: 'utf-16be' });
    assert.equal((await readExamples(named, options)).examples[0].text, 'café');
    const western = file(name, Buffer.from(text.replace(' 漢', ' \u0080'), 'latin1'));
    await assertRejectsInput(
      () => readExamples(western, options),
      /is not UTF-8 text \(line \d\): save it as UTF-8, or name its encoding with --encoding \(encoding\), such as windows-1252/,
    );
    const read = await readExamples(sourceOf({ data: western, encoding: 'windows-1252' }), options);
    assert.deepEqual(
      read.examples.map((example) => example.text),
      ['café €', 'thé'],
    );
    await assertRejectsInput(
      () => readExamples(sourceOf({ data: western, encoding: 'euc-kr' }), options),
      /is not euc-kr text: save it as UTF-8, or name its encoding/,
    );
  }
});

test('the second text of a pair may be empty, the first may not', async () => {
  for (const path of [
    file('a.csv', 'a,b,label\nx,,pos\ny,z,neg\n'),
    file('a.jsonl', '{"a":"x","b":null,"label":"pos"}\n{"a":"y","b":"z","label":"neg"}'),
  ]) {
    const pairs = await readExamples(path, { text: ['a', 'b'], label: 'label' });
    assert.deepEqual(pairs.examples, [
      { text: 'x', textPair: '', label: 1 },
      { text: 'y', textPair: 'z', label: 0 },
    ]);
    await assertRejectsInput(() => readExamples(path, { text: ['b', 'a'], label: 'label' }), /no value for 'b'/);
  }
});

test('a delimiter and an encoding as settings: their names, and what is none', () => {
  const { delimiter, encoding } = tableSettings;
  assert.deepEqual(
    [';', 'semicolon', 'tab', '\\t', '|', ','].map((text) => valueOfText(delimiter, text)),
    [';', ';', '\t', '\t', '|', ','],
  );
  assert.throws(() => valueOfText(delimiter, ':'), /It must be one of ',', ';', '\|' and tab/);
  assert.deepEqual(
    ['latin1', 'UTF8', 'utf-16'].map((text) => valueOfText(encoding, text)),
    ['windows-1252', 'utf-8', 'utf-16le'],
  );
  assert.throws(
    () => valueOfText(encoding, 'klingon'),
    /It must be an encoding such as utf-8, utf-16le or windows-1252/,
  );
});

test.run();
