import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { readTable, type TableOptions } from '../../src/data/index.ts';
import { InputError } from '../../src/errors.ts';
import { file } from './folder.ts';

const test = suite('readTable');

const columns: TableOptions = { text: ['text'], label: 'label' };

function fails(path: string, options: TableOptions, ...parts: (string | RegExp)[]) {
  assert.throws(
    () => readTable(path, options),
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

test('the three formats give the same dataset', () => {
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
    assert.deepEqual(readTable(file(name, content), columns), {
      name,
      examples: [
        { text: 'good film', label: 1 },
        { text: 'bad film', label: 0 },
        { text: 'fine, really', label: 1 },
      ],
      labels: ['neg', 'pos'],
      metrics: ['accuracy'],
      warnings: [],
    });
  }
});

test('CSV: byte-order mark, CRLF, quoted separators, quotes and line breaks, spaces around cells', () => {
  const path = file('a.csv', '\uFEFFtext, label\r\n"a, ""b""\r\nc", x\r\n\r\n d , "y"\r\n');
  assert.deepEqual(
    readTable(path, columns).examples.map(({ text }) => text),
    ['a, "b"\nc', 'd'],
  );
});

test('TSV: byte-order mark, CRLF, quotes are text', () => {
  const path = file('a.tsv', '\uFEFFtext\tlabel\r\n"open\tx\r\n"closed"\ty');
  assert.deepEqual(
    readTable(path, columns).examples.map(({ text }) => text),
    ['"open', '"closed"'],
  );
});

test('any text survives a CSV file', () => {
  const cell = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.trim() !== '');
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 5 }), (texts) => {
      const quoted = texts.map((text) => `"${text.replaceAll('"', '""')}"\n`);
      const { examples } = readTable(file('a.csv', `text\n${quoted.join('')}`), { text: ['text'] });
      assert.deepEqual(
        examples.map(({ text }) => text),
        texts.map((text) => text.replaceAll('\r\n', '\n').trim()),
      );
    }),
    { numRuns: 30 },
  );
});

test('two text columns make a pair, in the order asked for', () => {
  const path = file('a.csv', 'question,answer\nwhy,because\n');
  assert.deepEqual(readTable(path, { text: ['answer', 'question'] }).examples, [{ text: 'because', pair: 'why' }]);
});

test('without a label column nothing is known but the given class names', () => {
  const path = file('a.csv', 'text,label\nx,\n');
  const unlabelled = { name: 'a.csv', examples: [{ text: 'x' }], labels: null, metrics: [], warnings: [] };
  assert.deepEqual(readTable(path, { text: ['text'] }), unlabelled);
  assert.deepEqual(readTable(path, { text: ['text'], labels: ['a', 'b'] }), { ...unlabelled, labels: ['a', 'b'] });
});

test('numbers mean regression', () => {
  const expected = [
    { text: 'x', label: 1 },
    { text: 'y', label: -2.5e-3 },
  ];
  for (const path of [
    file('a.csv', 'text,label\nx,1\ny,-2.5e-3\n'),
    file('a.jsonl', '{"text":"x","label":1}\n{"text":"y","label":-0.0025}'),
  ]) {
    const { examples, labels, metrics } = readTable(path, columns);
    assert.deepEqual(examples, expected);
    assert.equal(labels, null);
    assert.deepEqual(metrics, ['pearson', 'spearman']);
  }
});

test('numbers can be class names, given or forced', () => {
  const path = file('a.csv', 'text,label\nx,1\ny,0\n');
  const forced = readTable(path, { ...columns, kind: 'classification' });
  assert.deepEqual(forced.labels, ['0', '1']);
  assert.deepEqual(
    forced.examples.map(({ label }) => label),
    [1, 0],
  );
  const given = readTable(path, { ...columns, labels: ['1', '0', '2'] });
  assert.deepEqual(given.labels, ['1', '0', '2']);
  assert.deepEqual(
    given.examples.map(({ label }) => label),
    [0, 1],
  );
});

test('JSON numbers and booleans are class names by their spelling', () => {
  const path = file('a.jsonl', '{"text":"x","label":true}\n{"text":"y","label":false}');
  assert.deepEqual(readTable(path, columns).labels, ['false', 'true']);
});

test('the order of class names does not depend on the order of rows', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(['b', 'a', 'C', 'ä', 'a b'], { minLength: 2 }), (names) => {
      const path = file('a.csv', `text,label\n${names.map((name) => `x,${name}\n`).join('')}`);
      assert.deepEqual(readTable(path, columns).labels, [...names].sort());
    }),
    { numRuns: 20 },
  );
});

test('numbers mixed with text are class names, with a warning', () => {
  const { labels, warnings } = readTable(file('a.csv', 'text,label\nx,1\ny,n/a\nz,2\n'), columns);
  assert.deepEqual(labels, ['1', '2', 'n/a']);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /column 'label' has numbers and text \(line 3: 'n\/a'\), read as 3 classes/);
});

test('an unknown label is named with its line and the known ones', () => {
  const path = file('a.csv', 'text,label\nx,pos\ny,neutral\n');
  fails(path, { ...columns, labels: ['neg', 'pos'] }, path, "line 3: unknown label 'neutral'", "'neg', 'pos'");
});

test('a value that is no number is an error when regression is forced', () => {
  for (const value of ['n/a', 'NaN', 'Infinity']) {
    const path = file('a.tsv', `text\tlabel\nx\t1\ny\t${value}\n`);
    fails(path, { ...columns, kind: 'regression' }, path, `line 3: '${value}'`);
  }
});

test('one class is not enough', () => {
  fails(file('a.csv', 'text,label\nx,pos\ny,pos\n'), columns, "'pos' only; a classifier needs two");
});

test('a column that is not there is named with those that are', () => {
  const csv = file('a.csv', 'text,labels\nx,1\n');
  fails(csv, columns, csv, "no column 'label'; it has 'text', 'labels'");
  const json = file('a.jsonl', '{"text":"x","label":"a"}\n{"text":"y","labels":"b"}');
  fails(json, columns, json, "line 2 has no column 'label'; it has 'text', 'labels'");
  fails(file('b.jsonl', '{"text":"x"}'), { text: ['toString'] }, "no column 'toString'");
});

test('a missing value is named with its line', () => {
  fails(file('a.csv', 'text,label\nx,a\n,b\n'), columns, "line 3: no value for 'text'");
  fails(file('a.csv', 'text,label\nx,a\n" ",b\n'), columns, "line 3: no value for 'text'");
  fails(file('a.tsv', 'text\tlabel\nx\ta\ny\t\n'), columns, "line 3: no value for 'label'");
  fails(file('a.tsv', 'text\tlabel\n\t\nx\ta\n'), columns, "line 2: no value for 'text'");
  fails(
    file('a.jsonl', '{"text":"x","label":"a"}\n\n{"text":"y","label":null}'),
    columns,
    "line 3: no value for 'label'",
  );
});

test('lines are counted through CRLF and quoted line breaks', () => {
  fails(file('a.csv', 'text,label\r\n"x\r\nx",a\r\n\r\ny,\r\n'), columns, "line 5: no value for 'label'");
});

test('a file that cannot be read is named', () => {
  fails(join(tmpdir(), 'missing.csv'), columns, 'missing.csv does not exist');
  fails(file('a.csv', ''), columns, 'a.csv is empty');
  fails(file('a.jsonl', ' \n\n'), columns, 'a.jsonl is empty');
  fails(file('a.csv', 'text,label\n'), columns, 'a.csv has no rows');
  fails(file('a.tsv', 'text\tlabel\n'), columns, 'a.tsv has no rows');
  fails(join(file('a.csv/inside', ''), '..'), columns, 'a.csv is a folder');
  fails(file('a.xlsx', 'x'), columns, 'a.xlsx: the name must end in .csv, .tsv, .jsonl or .ndjson');
  fails(file('a.csv', Buffer.from('\uFEFFtext,label\nx,a\n', 'utf16le')), columns, 'a.csv is not UTF-8');
  fails(file('a.csv', Buffer.from('text,label\ncaf\xe9,a\n', 'latin1')), columns, 'a.csv is not UTF-8');
});

test('broken rows are named', () => {
  fails(file('a.csv', 'text,label\nx,a,b\n'), columns, 'a.csv is not well-formed CSV', 'line 2');
  fails(file('a.csv', 'text,label\n"x,a\ny,b\n'), columns, 'a.csv is not well-formed CSV', /quote/i);
  fails(file('a.tsv', 'text\tlabel\nx\ta\tb\n'), columns, 'line 2: 3 TAB-separated columns where line 1 has 2');
  fails(file('a.jsonl', '{"text":"x","label":"a"}\n{"text":'), columns, 'line 2 is not valid JSON');
  for (const value of ['[1]', '"x"', 'null', '3'])
    fails(file('a.jsonl', value), columns, 'line 1 is not a JSON object');
  fails(file('a.jsonl', '{"text":["x"],"label":"a"}'), columns, "line 1: 'text' is neither a text nor a number");
});

test('one or two text columns', () => {
  const path = file('a.csv', 'a,b,c\n1,2,3\n');
  fails(path, { text: [] }, 'one or two text columns');
  fails(path, { text: ['a', 'b', 'c'] }, 'one or two text columns');
});

test.run();
