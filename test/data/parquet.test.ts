import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { suite } from 'uvu';
import { readTable } from '../../src/data/index.ts';
import { readColumns } from '../../src/data/rows.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';

const test = suite('data: Parquet');

function write(
  columnData: ColumnSource[],
  options: { codec?: 'SNAPPY' | 'UNCOMPRESSED'; rowGroupSize?: number } = {},
): string {
  const bytes = new Uint8Array(parquetWriteBuffer({ columnData, ...options }));
  return join(temporaryFolder({ 'table.parquet': bytes }), 'table.parquet');
}
const strings = (name: string, data: (string | null)[]): ColumnSource => ({ name, data, type: 'STRING' });

test('columns by name, in the order asked for, over row groups and pages', () => {
  const texts = Array.from(
    { length: 2500 },
    (_, i) => `Dokument ${i % 7} mit Umlauten äöü 日本 ${'x'.repeat(1 + (i % 90))}`,
  );
  for (const codec of ['SNAPPY', 'UNCOMPRESSED'] as const) {
    const path = write(
      [
        strings('document', texts),
        { name: 'id', data: texts.map((_, i) => i), type: 'INT32' },
        strings(
          'summary',
          texts.map((text) => text.slice(0, 12)),
        ),
      ],
      { codec, rowGroupSize: 1000 },
    );
    const rows = readColumns(path, ['summary', 'id', 'document']);
    assert.equal(rows.length, 2500);
    rows.forEach(({ line, cells }, i) => {
      assert.deepEqual({ line, cells }, { line: i + 1, cells: [texts[i].slice(0, 12).trim(), String(i), texts[i]] });
    });
  }
});

test('any texts come back as they were', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => value.trim() === value && value !== '');
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 30 }), (texts) => {
      assert.deepEqual(
        readColumns(write([strings('text', texts)]), ['text']).map(({ cells }) => cells[0]),
        texts,
      );
    }),
    { numRuns: 50 },
  );
});

test('a table for classification', () => {
  const path = write([strings('text', ['good', 'bad']), strings('mood', ['yes', 'no'])]);
  const { examples, labels } = readTable(path, { text: ['text'], label: 'mood' });
  assert.deepEqual(labels, ['no', 'yes']);
  assert.deepEqual(examples, [
    { text: 'good', label: 1 },
    { text: 'bad', label: 0 },
  ]);
});

test('what cannot be used is one clear line', () => {
  const bytes = temporaryFolder({ 'broken.parquet': 'PAR1 and no more' });
  assertInputError(
    () => readColumns(join(bytes, 'broken.parquet'), ['a']),
    /broken\.parquet is not a Parquet file that can be read/,
  );
  assertInputError(() => readColumns(join(bytes, 'none.parquet'), ['a']), /none\.parquet does not exist$/);
  const path = write([strings('text', ['a', null, 'c'])]);
  assertInputError(() => readColumns(path, ['text']), /table\.parquet, line 2: no value for 'text'$/);
  assertInputError(() => readColumns(path, ['body']), /table\.parquet has no column 'body'; it has 'text'$/);
  const nested = write([{ name: 'text', data: [{ a: 1 }], type: 'JSON' }]);
  assertInputError(
    () => readColumns(nested, ['text']),
    /table\.parquet, row 1: 'text' is neither a text nor a number$/,
  );
});

test.run();
