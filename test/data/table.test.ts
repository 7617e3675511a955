import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type ExampleOptions, readExamples } from '../../src/data/index.ts';
import { InputError } from '../../src/errors.ts';
import { parquetBytes } from '../support/parquet.ts';
import { file } from './folder.ts';

const test = suite('readExamples: tables');

const columns: ExampleOptions = { text: ['text'], label: 'label' };

function fails(
  path: string | readonly string[],
  options: ExampleOptions,
  ...parts: (string | RegExp)[]
): Promise<void> {
  return assert.rejects(
    () => readExamples(path, options),
    (error) => {
      assert.ok(error instanceof InputError, String(error));
      assert.equal(error.message.split('\n').length, 1);
      for (const part of parts) {
        if (typeof part === 'string') assert.ok(error.message.includes(part), error.message);
        else assert.match(error.message, part);
      }
      return true;
    },
  );
}

test('the three formats give the same dataset', async () => {
  const rows = [
    ['good film', 'pos'],
    ['bad film', 'neg'],
    ['fine, really', 'pos'],
  ];
  const files = {
    'a.csv': 'text,id,label\n"good film",1,pos\nbad film,2,neg\n"fine, really",3,pos\n',
    'a.tsv': 'text\tid\tlabel\ngood film\t1\tpos\nbad film\t2\tneg\nfine, really\t3\tpos\n',
    'a.jsonl': rows.map(([text, label], id) => JSON.stringify({ label, id, text })).join('\n'),
    'a.NDJSON': rows.map(([text, label]) => `${JSON.stringify({ text, label })}\r\n\r\n`).join(''),
  };
  for (const [name, content] of Object.entries(files)) {
    assert.deepEqual(await readExamples(file(name, content), columns), {
      name,
      examples: [
        { text: 'good film', label: 1 },
        { text: 'bad film', label: 0 },
        { text: 'fine, really', label: 1 },
      ],
      labels: ['neg', 'pos'],
      metrics: ['accuracy', 'f1_macro'],
      warnings: [],
    });
  }
});

test('CSV: byte-order mark, CRLF, quoted separators, quotes and line breaks, spaces around cells', async () => {
  const path = file('a.csv', '\uFEFFtext, label\r\n"a, ""b""\r\nc", x\r\n\r\n d , "y"\r\n');
  assert.deepEqual(
    (await readExamples(path, columns)).examples.map(({ text }) => text),
    ['a, "b"\nc', 'd'],
  );
});

test('TSV: byte-order mark, CRLF, quotes are text', async () => {
  const path = file('a.tsv', '\uFEFFtext\tlabel\r\n"open\tx\r\n"closed"\ty');
  assert.deepEqual(
    (await readExamples(path, columns)).examples.map(({ text }) => text),
    ['"open', '"closed"'],
  );
});

test('Parquet: the same dataset, class names where the file has them', async () => {
  const texts = ['good film', ' bad film', 'fine, really'];
  const label = [1n, 0n, 1n];
  const named = file('a.parquet', parquetBytes({ text: texts, label }, { label: ['neg', 'pos'] }));
  assert.deepEqual(await readExamples(named, columns), {
    name: 'a.parquet',
    examples: [
      { text: 'good film', label: 1 },
      { text: 'bad film', label: 0 },
      { text: 'fine, really', label: 1 },
    ],
    labels: ['neg', 'pos'],
    metrics: ['accuracy', 'f1_macro'],
    warnings: [],
  });
  const plain = file('b.parquet', parquetBytes({ text: texts, label }));
  assert.deepEqual((await readExamples(plain, columns)).labels, null);
  const empty = file('c.parquet', parquetBytes({ text: ['x', 'y', null], label }));
  await fails(empty, columns, "c.parquet, row 3: no value for 'text'");
  await fails(
    file('d.parquet', parquetBytes({ text: ['x'], label: [['a']] })),
    columns,
    "row 1: column 'label' holds lists",
  );
});

test('several files are one dataset', async () => {
  const paths = [file('a.csv', 'text,label\nx,b\n'), file('b.tsv', 'label\ttext\na\ty\n')];
  const { examples, labels } = await readExamples(paths, columns);
  assert.deepEqual(examples, [
    { text: 'x', label: 1 },
    { text: 'y', label: 0 },
  ]);
  assert.deepEqual(labels, ['a', 'b']);
  await fails([paths[0], file('c.csv', 'text\nx\n')], columns, "c.csv has no column 'label'");
});

test('any text survives a CSV file', async () => {
  const cell = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.trim() !== '');
  await fc.assert(
    fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 5 }), async (texts) => {
      const quoted = texts.map((text) => `"${text.replaceAll('"', '""')}"\n`);
      const { examples } = await readExamples(file('a.csv', `text\n${quoted.join('')}`), { text: ['text'] });
      assert.deepEqual(
        examples.map(({ text }) => text),
        texts.map((text) => text.replaceAll('\r\n', '\n').trim()),
      );
    }),
    { numRuns: 30 },
  );
});

test('two text columns make a pair, in the order asked for', async () => {
  const path = file('a.csv', 'question,answer\nwhy,because\n');
  assert.deepEqual((await readExamples(path, { text: ['answer', 'question'] })).examples, [
    { text: 'because', textPair: 'why' },
  ]);
});

test('without a label column nothing is known but the given class names', async () => {
  const path = file('a.csv', 'text,label\nx,\n');
  const unlabelled = { name: 'a.csv', examples: [{ text: 'x' }], labels: null, metrics: [], warnings: [] };
  assert.deepEqual(await readExamples(path, { text: ['text'] }), unlabelled);
  assert.deepEqual(await readExamples(path, { text: ['text'], labels: ['a', 'b'] }), {
    ...unlabelled,
    labels: ['a', 'b'],
  });
});

test('numbers mean regression', async () => {
  const expected = [
    { text: 'x', label: 1 },
    { text: 'y', label: -2.5e-3 },
  ];
  for (const path of [
    file('a.csv', 'text,label\nx,1\ny,-2.5e-3\n'),
    file('a.jsonl', '{"text":"x","label":1}\n{"text":"y","label":-0.0025}'),
  ]) {
    const { examples, labels, metrics } = await readExamples(path, columns);
    assert.deepEqual(examples, expected);
    assert.equal(labels, null);
    assert.deepEqual(metrics, ['pearson', 'spearman']);
  }
});

test('numbers can be class names, given or forced', async () => {
  const path = file('a.csv', 'text,label\nx,1\ny,0\n');
  const forced = await readExamples(path, { ...columns, problemType: 'single_label_classification' });
  assert.deepEqual(forced.labels, ['0', '1']);
  assert.deepEqual(
    forced.examples.map(({ label }) => label),
    [1, 0],
  );
  const given = await readExamples(path, { ...columns, labels: ['1', '0', '2'] });
  assert.deepEqual(given.labels, ['1', '0', '2']);
  assert.deepEqual(
    given.examples.map(({ label }) => label),
    [0, 1],
  );
});

test('JSON numbers and booleans are class names by their spelling', async () => {
  const path = file('a.jsonl', '{"text":"x","label":true}\n{"text":"y","label":false}');
  assert.deepEqual((await readExamples(path, columns)).labels, ['false', 'true']);
});

test('the order of class names does not depend on the order of rows', async () => {
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(['b', 'a', 'C', 'ä', 'a b'], { minLength: 2 }), async (names) => {
      const path = file('a.csv', `text,label\n${names.map((name) => `x,${name}\n`).join('')}`);
      assert.deepEqual((await readExamples(path, columns)).labels, [...names].sort());
    }),
    { numRuns: 20 },
  );
});

test('numbers mixed with text are class names, with a warning', async () => {
  const { labels, warnings } = await readExamples(file('a.csv', 'text,label\nx,1\ny,many\nz,2\n'), columns);
  assert.deepEqual(labels, ['1', '2', 'many']);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /column 'label' has numbers and text \(.*a\.csv, line 3: 'many'\), read as 3 classes/);
});

test('an unknown label is named with its line and the known ones', async () => {
  const path = file('a.csv', 'text,label\nx,pos\ny,neutral\n');
  await fails(path, { ...columns, labels: ['neg', 'pos'] }, path, "line 3: unknown label 'neutral'", "'neg', 'pos'");
});

test('a value that is no number is an error when regression is forced', async () => {
  for (const value of ['n/a', 'NaN', 'Infinity']) {
    const path = file('a.tsv', `text\tlabel\nx\t1\ny\t${value}\n`);
    await fails(path, { ...columns, problemType: 'regression' }, path, `line 3: '${value}'`);
  }
});

test('one class is not enough', async () => {
  await fails(file('a.csv', 'text,label\nx,pos\ny,pos\n'), columns, "'pos' only; a classifier needs two");
});

test('a column that is not there is named with those that are', async () => {
  const csv = file('a.csv', 'text,labels\nx,1\n');
  await fails(csv, columns, csv, "no column 'label'; it has 'text', 'labels'");
  const json = file('a.jsonl', '{"text":"x","label":"a"}\n{"text":"y","labels":"b"}');
  await fails(json, columns, json, "line 2: there is no 'label'");
  await fails(
    file('c.jsonl', '{"text":"x","labels":"b"}'),
    columns,
    "c.jsonl has no column 'label'; it has 'text', 'labels'",
  );
  await fails(file('b.jsonl', '{"text":"x"}'), { text: ['toString'] }, "no column 'toString'");
});

test('a missing value is named with its line', async () => {
  await fails(file('a.csv', 'text,label\nx,a\n,b\n'), columns, "line 3: no value for 'text'");
  await fails(file('a.csv', 'text,label\nx,a\n" ",b\n'), columns, "line 3: no value for 'text'");
  await fails(file('a.tsv', 'text\tlabel\nx\ta\ny\t\n'), columns, "line 3: no value for 'label'");
  await fails(file('a.tsv', 'text\tlabel\n\t\nx\ta\n'), columns, "line 2: no value for 'text'");
  await fails(
    file('a.jsonl', '{"text":"x","label":"a"}\n\n{"text":"y","label":null}'),
    columns,
    "line 3: no value for 'label'",
  );
});

test('lines are counted through CRLF and quoted line breaks', async () => {
  await fails(file('a.csv', 'text,label\r\n"x\r\nx",a\r\n\r\ny,\r\n'), columns, "line 5: no value for 'label'");
});

test('a file that cannot be read is named', async () => {
  await fails(join(tmpdir(), 'missing.csv'), columns, 'missing.csv does not exist');
  await fails(file('a.csv', ''), columns, 'a.csv is empty');
  await fails(file('a.jsonl', ' \n\n'), columns, 'a.jsonl is empty');
  await fails(file('a.csv', 'text,label\n'), columns, 'a.csv has no rows');
  await fails(file('a.tsv', 'text\tlabel\n'), columns, 'a.tsv has no rows');
  await fails(join(file('a.csv/inside', ''), '..'), columns, 'a.csv is a folder');
  await fails(file('a.xlsx', 'x'), columns, 'a.xlsx: the name must end in .csv, .tsv, .jsonl, .ndjson or .parquet');
  await fails(file('a.csv', Buffer.from('text,label\ncaf\xe9,a\n', 'latin1')), columns, 'a.csv is not UTF-8');
});

test('broken rows are named', async () => {
  await fails(file('a.csv', 'text,label\nx,a,b\n'), columns, 'a.csv, line 2: 3 columns where the header has 2');
  await fails(file('a.csv', 'text,label\n1" x,a\n'), columns, 'a.csv, line 2: not well-formed CSV');
  await fails(file('a.csv', 'text,label\n"x,a\ny,b\n'), columns, 'a.csv is not well-formed CSV', /quote/i);
  await fails(
    file('a.tsv', 'text\tlabel\nx\ta\tb\n'),
    columns,
    'line 2: 3 TAB-separated columns where the header has 2',
  );
  await fails(file('a.jsonl', '{"text":"x","label":"a"}\n{"text":'), columns, 'line 2: not valid JSON');
  for (const value of ['[1]', '"x"', 'null', '3'])
    await fails(file('a.jsonl', value), columns, 'line 1: not a JSON object');
  await fails(file('a.jsonl', '{"text":["x"],"label":"a"}'), columns, "line 1: 'text' is neither a text nor a number");
});

test('one or two text columns', async () => {
  const path = file('a.csv', 'a,b,c\n1,2,3\n');
  await fails(path, { text: [] }, 'one or two text columns');
  await fails(path, { text: ['a', 'b', 'c'] }, 'one or two text columns');
});

test.run();
