import assert from 'node:assert/strict';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { suite } from 'uvu';
import { readParquet } from '../../src/data/index.ts';
import { parquetParts } from '../../src/data/parquet.ts';
import { InputError } from '../../src/errors.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { parquetBytes } from '../support/parquet.ts';
import { forAllAsync } from '../support/property.ts';

const test = suite('readParquet');

const file = (content: Uint8Array | string): string =>
  join(temporaryFolder({ 'rows.parquet': content }), 'rows.parquet');

const articles = {
  id: ['a', 'b', 'c', 'd'],
  document: ['One.', 'Zwei, drei.', '四', 'Cinq — six'],
  label: [1n, 0n, -1n, 2n ** 40n],
  score: [0.5, 1, 2.5, -3],
};

test('gives the named columns, row by row, over several row groups', async () => {
  assert.deepEqual(await readParquet(file(parquetBytes(articles)), ['document', 'label']), [
    { document: 'One.', label: 1 },
    { document: 'Zwei, drei.', label: 0 },
    { document: '四', label: -1 },
    { document: 'Cinq — six', label: 2 ** 40 },
  ]);
});

test('whole numbers that a number cannot hold are bigints', async () => {
  const id = [1610521604143693813n, 7n];
  assert.deepEqual(await readParquet(file(parquetBytes({ id })), ['id']), [{ id: id[0] }, { id: 7 }]);
});

test('gives lists, structures and missing values', async () => {
  const answers = [
    { text: ['x'], answer_start: [3n] },
    { text: [], answer_start: [] },
  ];
  const schema = [
    { name: 'root', num_children: 2 },
    { name: 'title', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    { name: 'answers', num_children: 2, repetition_type: 'OPTIONAL' },
    ...[
      ['text', { type: 'BYTE_ARRAY', converted_type: 'UTF8' }] as const,
      ['answer_start', { type: 'INT64' }] as const,
    ].flatMap(([name, kind]) => [
      { name, converted_type: 'LIST', num_children: 1, repetition_type: 'OPTIONAL' } as const,
      { name: 'list', num_children: 1, repetition_type: 'REPEATED' } as const,
      { name: 'element', ...kind, repetition_type: 'OPTIONAL' } as const,
    ]),
  ] satisfies NonNullable<Parameters<typeof parquetWriteBuffer>[0]['schema']>;
  const columnData = [
    { name: 'title', data: ['T', null] },
    { name: 'answers', data: answers },
  ];
  const path = file(new Uint8Array(parquetWriteBuffer({ columnData, schema })));
  assert.deepEqual(await readParquet(path, ['title', 'answers']), [
    { title: 'T', answers: { text: ['x'], answer_start: [3] } },
    { title: null, answers: { text: [], answer_start: [] } },
  ]);
});

test('gives the names of classes where the file tells them', async () => {
  const columns = { text: ['x', 'y', 'z'], label: [1n, 0n, -1n] };
  const rows = await readParquet(file(parquetBytes(columns, { label: ['no', 'yes'] })), ['label']);
  assert.deepEqual(rows, [{ label: 'yes' }, { label: 'no' }, { label: -1 }]);
});

test('reads what is compressed in other ways', async () => {
  const columnData = Object.entries(articles).map(([name, data]) => ({ name, data }));
  const compressors = {
    GZIP: (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)),
    BROTLI: (bytes: Uint8Array) => new Uint8Array(brotliCompressSync(bytes)),
  };
  const expected = await readParquet(file(parquetBytes(articles)), Object.keys(articles));
  for (const codec of ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI'] as const) {
    const path = file(new Uint8Array(parquetWriteBuffer({ columnData, codec, compressors })));
    assert.deepEqual(await readParquet(path, Object.keys(articles)), expected, codec);
  }
});

test('any texts come back as they were, over many pages', async () => {
  const text = fc.string({ unit: 'grapheme' });
  await forAllAsync(fc.array(text, { minLength: 1, maxLength: 30 }), async (texts) => {
    const rows = await readParquet(file(parquetBytes({ text: texts })), ['text']);
    assert.deepEqual(
      rows.map((row) => row.text),
      texts,
    );
  });
  const long = Array.from({ length: 2500 }, (_, i) => `Dokument ${i % 7} äöü 日本 ${'x'.repeat(i % 90)}`);
  const columnData = [{ name: 'text', data: long }];
  const path = file(new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 1000, pageSize: 4096 })));
  const rows = await readParquet(path, ['text']);
  assert.deepEqual(
    rows.map((row) => row.text),
    long,
  );
});

test('explains what is wrong with a file', async () => {
  const path = file(parquetBytes(articles));
  await assertRejectsInput(() => readParquet(path, ['text']), /rows\.parquet has no column 'text'; it has 'id', 'doc/);
  await assertRejectsInput(() => readParquet('/no/such.parquet', ['id']), /Cannot read \/no\/such\.parquet/);
  for (const content of ['', 'PAR1PAR1', 'a,b\n1,2\n'.repeat(9)]) {
    await assertRejectsInput(() => readParquet(file(content), ['id']), /rows\.parquet cannot be read as Parquet/);
  }
});

test('a file that ends too early is refused, wherever it ends', async () => {
  const bytes = parquetBytes(articles);
  await forAllAsync(fc.nat({ max: bytes.length - 1 }), async (length) => {
    const path = file(bytes.slice(0, length));
    await assertRejectsInput(() => readParquet(path, ['id']), /rows\.parquet cannot be read as Parquet/);
  });
});

/** 30 rows; the page of the column `label` is damaged so that hyparquet 1.33 never comes to its end. */
const HANGING =
  'UEFSMRUGFeQIFdYCXBU8FQAVPBUAFQQVAAAAPAGwBEQOAAAAcm93IDAgdGhlIHRleHQREgAxQhIAADJCEgAAM0ISAAA0QhIAADVCEgAANkISAAA3QhIAADhCEgAAORUSAA8NtAAxGbUVExm2FRMZtxUTGbgVExm5FRMZuhUTGbsVExm8FRMZvRUTRr4AADJGvgAAMka+AAAyRr4AADJGvgAAMka+AAAyRr4AADJGvgAAMka+AAAyRr4AKDI5IHRoZSB0ZXh0FQQVGBUcTBUGFQAAAAwsAAAAAAEAAAACAAAAFQYVGBUcXBU8FQAVPBUQFQQAAAAAPAEKJAIJJEmSJEmSJAkVBhXkAxWGAlwVPBUAFTwVABUEFQAAADwB8AEAAA0BAAENCAACDQgAAw0IAAQNCAAFDQgABg0IAAcNCAAIDQgACQ0IAAoNCAALDQgADA0IAA0NCAAODQgADw0IABANCAQRAAkBABIJBwQAEw0IABQNCAAVDQgAFg0IABcNCAAYDQgAGQ0IABoNCAAbDQgAHA0IHB0AAAAAAAAAFQQZTEgEcm9vdBUGABUMJQIYBHRleHQlAAAVAiUCGAVsYWJlbAAVBCUCGANiaWcAFjwZHBk8JggcFQwZFQAZGAR0ZXh0FQIWPBaSCRaEAyYIPDYAKA5yb3cgOSB0aGUgdGV4dBgOcm93IDAgdGhlIHRleHQAGRwVBhUAFQIAAAAmjAMcFQIZJQAQGRgFbGFiZWwVAhY8FnQWfCbCAyaMAxw2ACgEAgAAABgEAAAAAAAZLBUEFQAVAgAVBhUQFQIAAAAmiAQcFQQZFQAZGANiaWcVAhY8FpIEFrQCJogEPDYAKAgdAAAAAAAAABgIAAAAAAAAAAAAGRwVBhUAFQIAAAAWmA4WPDa0BgAoCWh5cGFycXVldBk8HAAAHAAAHAAAACEBAABQQVIx';

test('a damaged file that makes the library go on for ever is given up', async () => {
  const path = file(Buffer.from(HANGING, 'base64'));
  const started = performance.now();
  await assertRejectsInput(
    () => readParquet(path, ['label'], { partMilliseconds: 500 }),
    /rows\.parquet cannot be read as Parquet, the file is damaged .*no part of it could be read/,
  );
  assert.ok(performance.now() - started < 5000);
  assert.equal((await readParquet(path, ['text'])).length, 30, 'the next reader is a new one');
});

test('a file that claims more rows than it has is damaged', async () => {
  const bytes = parquetBytes({ id: ['a', 'b'] });
  const text = Buffer.from(bytes).toString('latin1');
  // The number of rows of the one row group stands before the field with its position: zigzag 2 is 4, 20 is 40.
  const at = text.lastIndexOf('\x16\x04');
  assert.ok(at > 0);
  const claimed = Buffer.from(`${text.slice(0, at + 1)}\x28${text.slice(at + 2)}`, 'latin1');
  await assertRejectsInput(() => readParquet(file(claimed), ['id']), /column 'id' has 2 values in a group of 20 rows/);
});

test('bytes that were changed at random: rows or an InputError, in bounded time', async () => {
  const bytes = parquetBytes(articles);
  const change = fc.record({ at: fc.nat({ max: bytes.length - 1 }), value: fc.nat({ max: 255 }) });
  await forAllAsync(
    fc.array(change, { minLength: 1, maxLength: 4 }),
    async (changes) => {
      const damaged = bytes.slice();
      for (const { at, value } of changes) damaged[at] = value;
      try {
        await readParquet(file(damaged), Object.keys(articles), { partMilliseconds: 1000 });
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
      }
    },
    200,
  );
});

test('a program that is busy between the parts does not make a file a damaged one', async () => {
  const path = file(parquetBytes({ id: Array.from({ length: 5000 }, String) }));
  let rows = 0;
  for await (const { part } of parquetParts(path, [{ name: 'id' }], { partMilliseconds: 300 })) {
    rows += part.length;
    if (rows > 1000 && rows < 1010) for (const end = performance.now() + 700; performance.now() < end; );
  }
  assert.equal(rows, 5000);
});

test('a file that takes far more memory than it has bytes is given up', async () => {
  const text = Array.from({ length: 300_000 }, (_, i) => `${'x'.repeat(90)}${i}`);
  const columnData = [{ name: 'text', data: text }];
  const path = file(new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: text.length })));
  await assertRejectsInput(() => readParquet(path, ['text'], { memoryMiB: 16 }), /takes more than 16 MiB/);
  let rows = 0;
  for await (const { part } of parquetParts(path, [{ name: 'text' }])) rows += part.length;
  assert.equal(rows, text.length);
});

test('several files at once, and one that is not read to its end', async () => {
  const paths = Array.from({ length: 5 }, (_, i) => file(parquetBytes({ id: [`${i}`, `${i + 1}`] })));
  const rows = await Promise.all(paths.map((path) => readParquet(path, ['id'])));
  assert.deepEqual(
    rows.map(([{ id }]) => id),
    ['0', '1', '2', '3', '4'],
  );
  const many = file(parquetBytes({ id: Array.from({ length: 5000 }, String) }));
  for await (const { part } of parquetParts(many, [{ name: 'id' }])) {
    assert.ok(part.length > 0);
    break;
  }
  assert.equal((await readParquet(many, ['id'])).length, 5000);
});

test.run();
