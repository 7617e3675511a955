import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { suite } from 'uvu';
import { type ExampleOptions, readExamples } from '../../src/data/index.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { parquetBytes } from '../support/parquet.ts';
import { forAllAsync } from '../support/property.ts';
import { file } from './folder.ts';

const test = suite('labels of tables');

const classes: ExampleOptions = { text: ['text'], label: 'label', problemType: 'single_label_classification' };
const auto: ExampleOptions = { text: ['text'], label: 'label' };

/** The same rows as CSV, TSV, JSON lines and Parquet; labels that are no texts stand in JSON and Parquet as what they are. */
function inAllFormats(labels: readonly (string | number | bigint | boolean | null)[]): string[] {
  const written = labels.map((label) => (label === null ? '' : String(label)));
  const json = labels.map((label) => (typeof label === 'string' ? JSON.stringify(label) : String(label)));
  const column = labels.map((label) => (typeof label === 'number' ? BigInt(label) : label));
  return [
    file('a.csv', `text,label\n${written.map((label, i) => `t${i},${label}\n`).join('')}`),
    file('a.tsv', `text\tlabel\n${written.map((label, i) => `t${i}\t${label}\n`).join('')}`),
    file('a.jsonl', json.map((label, i) => `{"text":"t${i}","label":${label}}\n`).join('')),
    file('a.parquet', parquetBytes({ text: labels.map((_, i) => `t${i}`), label: column })),
  ];
}

async function classesOf(path: string, options = classes): Promise<(string | undefined)[]> {
  const { examples, labels } = await readExamples(path, options);
  return examples.map(({ label }) => labels?.[label ?? -1]);
}

test('whole numbers are sorted by their value', async () => {
  const numbers = Array.from({ length: 12 }, (_, i) => (5 * i) % 12);
  for (const path of inAllFormats(numbers)) {
    const { labels, examples } = await readExamples(path, classes);
    assert.deepEqual(
      labels,
      Array.from({ length: 12 }, (_, i) => String(i)),
    );
    assert.deepEqual(
      examples.map(({ label }) => label),
      numbers,
    );
  }
});

test('64-bit ids keep all their digits, and are classes without being told', async () => {
  const ids = [1610521604143693813n, 1610521604143693812n, 2916334247900527531n, 2916334247900527532n];
  for (const path of inAllFormats(ids)) {
    assert.deepEqual(await classesOf(path), ids.map(String));
    const { labels, warnings } = await readExamples(path, auto);
    assert.equal(labels?.length, 4);
    assert.match(warnings[0], /more digits than a number can hold/);
  }
});

test('any whole numbers are the same classes in all formats', async () => {
  const whole = fc.uniqueArray(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), { minLength: 2, maxLength: 6 });
  await forAllAsync(whole, async (ids) => {
    for (const path of inAllFormats(ids)) assert.deepEqual(await classesOf(path), ids.map(String));
  });
});

test('decimals of Parquet without a fraction keep their digits', async () => {
  const ids = [12345678901234567890n, 12345678901234567891n];
  const schema = [
    { name: 'root', num_children: 2 },
    { name: 'text', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
    {
      name: 'label',
      type: 'FIXED_LEN_BYTE_ARRAY',
      type_length: 9,
      converted_type: 'DECIMAL',
      scale: 0,
      precision: 20,
      repetition_type: 'REQUIRED',
    },
  ] satisfies NonNullable<Parameters<typeof parquetWriteBuffer>[0]['schema']>;
  const columnData = [
    { name: 'text', data: ['x', 'y'] },
    { name: 'label', data: ids },
  ];
  const path = file('a.parquet', new Uint8Array(parquetWriteBuffer({ columnData, schema })));
  assert.deepEqual(await classesOf(path), ids.map(String));
});

test('a column that a Parquet file says to hold classes has classes, whatever they are called', async () => {
  const read = (label: bigint[], names: string[], options: ExampleOptions = auto) =>
    readExamples(
      file('a.parquet', parquetBytes({ text: label.map((n) => `t${n}`), label }, { label: names })),
      options,
    );
  const stars = await read([0n, 1n, 2n], ['10', '2', '1']);
  assert.deepEqual([stars.labels, stars.warnings], [['1', '2', '10'], []]);
  assert.deepEqual(
    stars.examples.map(({ label }) => label),
    [2, 1, 0],
  );
  assert.deepEqual((await read([0n, 1n], ['NA', 'EU'])).labels, ['EU', 'NA']);
  assert.equal((await read([0n, 1n], ['10', '2'], { ...auto, problemType: 'regression' })).labels, null);
  await assertRejectsInput(() => read([0n, 1n, -1n], ['10', '2']), /'-1' in column 'label' is no label/);
});

test('-1 and null are no classes', async () => {
  for (const path of inAllFormats([0, -1, 1, null, 0])) {
    await assertRejectsInput(
      () => readExamples(path, classes),
      /has 2 rows that cannot be used/,
      /(line|row) (2|3): '-1' in column 'label' is no label; (line|row) (4|5): no value for 'label'/,
      /-1 means that the label is not known/,
      /--skip-invalid/,
    );
    const { labels, examples, warnings } = await readExamples(path, { ...classes, skipInvalid: true });
    assert.deepEqual(labels, ['0', '1']);
    assert.deepEqual(
      examples.map(({ text, label }) => [text, label]),
      [
        ['t0', 0],
        ['t2', 1],
        ['t4', 0],
      ],
    );
    assert.match(warnings[0], /left out 2 of 5 rows/);
  }
});

test('-1 is a class where a model calls one so, and a number among numbers', async () => {
  const [path] = inAllFormats([-1, 1]);
  assert.deepEqual(await classesOf(path, { ...auto, labels: ['1', '-1'] }), ['-1', '1']);
  assert.deepEqual(
    (await readExamples(path, auto)).examples.map(({ label }) => label),
    [-1, 1],
  );
});

test('-1 in a column of named classes of Parquet is no class, and a number without a name neither', async () => {
  const path = (label: bigint[]) =>
    file('a.parquet', parquetBytes({ text: label.map(String), label }, { label: ['no', 'yes'] }));
  const { labels, warnings } = await readExamples(path([1n, 0n, -1n]), { ...auto, skipInvalid: true });
  assert.deepEqual(labels, ['no', 'yes']);
  assert.equal(warnings.length, 1);
  await assertRejectsInput(
    () => readExamples(path([1n, 0n, 2n]), auto),
    /row 3: 'label' is 2, and the file names 2 classes/,
  );
  const twice = file('b.parquet', parquetBytes({ text: ['x'], label: [0n] }, { label: ['no', 'no'] }));
  await assertRejectsInput(() => readExamples(twice, auto), /two classes of column 'label' are called 'no'/);
});

test('a split without labels says so', async () => {
  for (const labels of [
    [-1, -1],
    [null, null],
  ]) {
    for (const path of inAllFormats(labels)) {
      if (labels[0] === null && path.endsWith('.parquet')) continue; // a column of nothing has no type
      for (const options of [auto, classes, { ...auto, labels: ['0', '1'] }, { ...auto, skipInvalid: true }]) {
        await assertRejectsInput(
          () => readExamples(path, options),
          /has no labels: every row has .* in column 'label'/,
        );
      }
    }
  }
});

test('NA, NaN and null are no labels, whatever the others are', async () => {
  for (const value of ['NA', 'NaN', 'nan', 'null', 'N/A', '<NA>']) {
    for (const other of ['good', '1.5']) {
      const path = file('a.csv', `text,label\nx,${other}\ny,${value}\nz,2\n`);
      await assertRejectsInput(
        () => readExamples(path, auto),
        new RegExp(`line 3: '${value}' in column 'label' is no label`),
      );
      await assertRejectsInput(() => readExamples(path, { ...auto, labels: ['good', '1.5', '2'] }), /line 3/);
    }
  }
  const trained = file('b.csv', 'text,label\nx,NA\ny,SA\n');
  assert.deepEqual(await classesOf(trained, { ...auto, labels: ['NA', 'SA'] }), ['NA', 'SA']);
});

test('all bad rows are listed, the first twenty of them, in the order of the file', async () => {
  const rows = Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? `x${i},NA` : `,a`));
  const path = file('a.csv', `text,label\nx,a\ny,b\n${rows.join('\n')}\n`);
  await assertRejectsInput(
    () => readExamples(path, auto),
    /has 30 rows that cannot be used: line 4: 'NA' in column 'label' is no label; line 5: no value for 'text'; line 6: /,
    /line 23: [^;]+; and 10 more\. Repair/,
  );
  const { examples, warnings } = await readExamples(path, { ...auto, skipInvalid: true });
  assert.equal(examples.length, 2);
  assert.match(warnings[0], /left out 30 of 32 rows/);
});

test('labels that training did not have are listed', async () => {
  const path = file('a.csv', 'text,label\nx,a\ny,c\nz,d\n');
  await assertRejectsInput(
    () => readExamples(path, { ...auto, labels: ['a', 'b'] }),
    /line 3: unknown label 'c' in column 'label'; line 4: unknown label 'd' in column 'label'; known are 'a', 'b'/,
  );
});

test('whole numbers and truth values are the same classes however they are written', async () => {
  const path = file('a.csv', 'text,label\nx,1.0\ny,0.0\nz,1\n');
  assert.deepEqual(await classesOf(path), ['1', '0', '1']);
  assert.deepEqual(await classesOf(path, { ...auto, labels: ['0', '1'] }), ['1', '0', '1']);
  const python = file('b.csv', 'text,label\nx,True\ny,False\n');
  assert.deepEqual(await classesOf(python, { ...auto, labels: ['false', 'true'] }), ['true', 'false']);
  const codes = file('c.csv', 'text,label\nx,01\ny,1\nz,0x1\n');
  assert.deepEqual((await readExamples(codes, classes)).labels, ['01', '0x1', '1']);
});

test('few different whole numbers: a line says that they are read as numbers', async () => {
  const path = file('a.csv', 'text,label\nx,0\ny,1\nz,2\nw,1\n');
  const { labels, warnings } = await readExamples(path, auto);
  assert.equal(labels, null);
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0],
    /column 'label' holds 3 different whole numbers \(0 to 2\).*regression.*--problem-type single_label_classification/,
  );
  assert.deepEqual((await readExamples(path, { ...auto, problemType: 'regression' })).warnings, []);
  assert.deepEqual((await readExamples(file('b.csv', 'text,label\nx,0.5\ny,1\n'), auto)).warnings, []);
});

test('a column with one number says that nothing can be learnt from it', async () => {
  for (const problemType of ['auto', 'regression'] as const) {
    const { warnings } = await readExamples(file('a.csv', 'text,label\nx,2.5\ny,2.50\n'), { ...auto, problemType });
    assert.deepEqual(warnings, [
      "column 'label' holds 2.5 in all rows: nothing can be learnt from it, and its correlation with predictions is undefined",
    ]);
  }
});

test('decimal commas are an error that names the column', async () => {
  const rows = '"0,5"\n';
  const path = file('a.csv', `text,score\nx,1\ny,${rows}z,"1,25"\n`);
  const options = { text: ['text'], label: 'score' };
  await assertRejectsInput(
    () => readExamples(path, options),
    /a\.csv, line 3: '0,5' in column 'score' has a comma in a number/,
  );
  await assertRejectsInput(
    () => readExamples(path, { ...options, problemType: 'regression' }),
    /'0,5' in column 'score' has a comma/,
  );
  assert.equal(
    (await readExamples(path, { ...options, problemType: 'single_label_classification' })).labels?.length,
    3,
  );
});

test('decimal commas are recognised in every spelling', async () => {
  for (const [one, two] of [
    [',5', '2,5'],
    ['1,5e3', '2,5E-1'],
    ['1.234,5', '2.000,1'],
    ['1 234,5', '7'],
    ["1'234,5", '7'],
    ['1\u00a0234,5', '7'],
    ['1,234.5', '2,000.1'],
    ['-1,234,567', '3'],
  ]) {
    const path = file('a.csv', `text,score\nx,"${one}"\ny,"${two}"\n`);
    await assertRejectsInput(
      () => readExamples(path, { ...auto, label: 'score' }),
      /line 2: .* in column 'score' has a comma/,
    );
  }
  const lists = file('a.csv', 'text,label\nx,"1, 2"\ny,"1,2,3"\n');
  assert.equal((await readExamples(lists, auto)).labels?.length, 2);
});

test('many classes that are numbered without a gap are pointed out too', async () => {
  const rows = (first: number, step: number) =>
    Array.from({ length: 77 }, (_, i) => `text ${i},${first + i * step}`).join('\n');
  for (const first of [-1, 0, 1]) {
    const { labels, warnings } = await readExamples(file('a.csv', `text,label\n${rows(first, 1)}\n`), auto);
    assert.equal(labels, null);
    assert.match(
      warnings.join(),
      /77 different whole numbers .*regression.*--problem-type single_label_classification/,
    );
  }
  assert.deepEqual((await readExamples(file('b.csv', `text,label\n${rows(0, 3)}\n`), auto)).warnings, []);
});

test('long ids that Python wrote as floats keep their digits in JSONL', async () => {
  const ids = ['9007199254740993.0', '9007199254740992.0', '1.0'];
  const rows = ids.map((id) => `{"text":"x","label":${id}}\n`);
  const { labels } = await readExamples(file('a.jsonl', rows.join('')), {
    ...auto,
    problemType: 'single_label_classification',
  });
  assert.deepEqual(labels, ['1', '9007199254740992', '9007199254740993']);
});

test('cells with another separator than the ending says are read, and a line says so', async () => {
  const path = file('a.csv', 'text;score\nfilm;0,5\nbook;1,5\n');
  await assertRejectsInput(
    () => readExamples(path, { ...auto, label: 'score' }),
    /a\.csv, line 2: '0,5' in column 'score' has a comma in a number/,
  );
  const { examples, warnings } = await readExamples(file('a.tsv', 'text,label\nx,1.5\n'), auto);
  assert.deepEqual(examples, [{ text: 'x', label: 1.5 }]);
  assert.match(warnings[0], /a\.tsv: cells are separated by ','/);
});

test('a column that is there twice is an error that names it', async () => {
  await assertRejectsInput(() => readExamples(file('a.csv', 'text,label,label\nx,a,b\n'), auto), /two columns 'label'/);
  await assertRejectsInput(
    () => readExamples(file('a.tsv', 'text\ttext\tlabel\nx\ty\tb\n'), auto),
    /two columns 'text'/,
  );
  const json = file('a.jsonl', '{"text":"x","label":"a"}\n{"text":"{\\"label\\":1}","label":"a","label":"b"}\n');
  await assertRejectsInput(() => readExamples(json, auto), /line 2: 'label' is there twice/);
  const nested = file('b.jsonl', '{"text":"\\"label\\":","label":"a","other":{"label":1}}\n{"text":"y","label":"b"}\n');
  assert.deepEqual(await classesOf(nested, auto), ['a', 'b']);
  await assertRejectsInput(() => readExamples(json, { text: ['text'], label: 'text' }), /column 'text' is named twice/);
});

test('class names that differ in case or white space only: a warning', async () => {
  const path = file(
    'a.jsonl',
    ['Pos', 'pos', 'not  a', 'not a', 'b'].map((label) => JSON.stringify({ text: 'x', label })).join('\n'),
  );
  const { warnings } = await readExamples(path, auto);
  assert.deepEqual(warnings, [
    "column 'label' has classes that differ in case or white space only: 'not  a' and 'not a'",
    "column 'label' has classes that differ in case or white space only: 'Pos' and 'pos'",
  ]);
});

test('class names of a model that are there twice are an error', async () => {
  await assertRejectsInput(
    () => readExamples(inAllFormats(['a', 'b'])[0], { ...auto, labels: ['a', 'a'] }),
    /are called 'a'/,
  );
});

test('what a message shows of a file is one short line', async () => {
  const path = file('a.csv', `text,label\nx,a\ny,"b\n\u001b[31m${'c'.repeat(500)}"\n`);
  await assertRejectsInput(
    () => readExamples(path, { ...auto, labels: ['a', 'b'] }),
    /unknown label 'b\\u000a\\u001b\[31mc+\.\.\.' in/,
  );
});

test.run();
