import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { openRowFile, type RowValues, streamRows, tableColumns } from '../../src/data/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { parquetBytes } from '../support/parquet.ts';
import { forAllAsync } from '../support/property.ts';

const test = suite('data: tables that are written');

const folder = temporaryFolder();
const path = (name: string) => join(folder, name);

async function written(name: string, columns: readonly string[], rows: readonly RowValues[]): Promise<string> {
  const file = await openRowFile(path(name), columns, { overwrite: true });
  try {
    for (const row of rows) await file.write([row]);
    await file.commit();
  } finally {
    file.discard();
  }
  return path(name);
}

async function readBack(file: string, columns: readonly string[]): Promise<RowValues[]> {
  const rows: RowValues[] = [];
  for await (const part of streamRows(file, { text: columns[0], keep: columns }))
    rows.push(...part.map(({ kept }) => kept));
  return rows;
}

const text = fc
  .array(fc.constantFrom('a', '"', '""', ',', ';', ' ', '\n', '\t', '|', 'é', '😀', "'"), { maxLength: 6 })
  .map((parts) => parts.join('').trim());
const columns = ['first, "one"', 'second', 'third'];
const rows = fc.array(
  fc
    .tuple(
      text.map((cell) => `x${cell}`),
      text,
      text,
    )
    .map((cells) => Object.fromEntries(columns.map((name, i) => [name, cells[i]]))),
  { minLength: 1, maxLength: 4 },
);

test('what is written is read back, in every format; TSV makes blanks of white space', async () => {
  await forAllAsync(
    rows,
    async (table) => {
      for (const ending of ['csv', 'jsonl', 'parquet']) {
        const file = await written(`table.${ending}`, columns, table);
        assert.deepEqual(await readBack(file, columns), table, ending);
        assert.deepEqual(await tableColumns(file), columns, ending);
      }
      const file = await written('table.tsv', columns, table);
      const blank = table.map((row) =>
        Object.fromEntries(columns.map((name) => [name, row[name].replace(/\s+/g, ' ')])),
      );
      assert.deepEqual(await readBack(file, columns), blank);
    },
    12,
  );
});

test('numbers, truth values, lists and nothing keep their meaning as far as the format has it', async () => {
  const values = { text: 'a', number: 0.1, flag: true, list: ['b', 'c'], parts: { n: 1n }, none: null };
  const names = Object.keys(values);
  const [json] = await readBack(await written('kinds.jsonl', names, [values]), names);
  assert.deepEqual(json, { ...values, parts: { n: '1' } });
  const [parquet] = await readBack(await written('kinds.parquet', names, [values]), names);
  assert.deepEqual(parquet, { ...values, list: '["b","c"]', parts: '{"n":"1"}' });
  const [csv] = await readBack(await written('kinds.csv', names, [values]), names);
  assert.deepEqual(csv, { text: 'a', number: '0.1', flag: 'true', list: '["b","c"]', parts: '{"n":"1"}', none: '' });
  const lists = { text: 'a', numbers: [1, 2], one: ['a, b'], mixed: [null, '1', true], empty: [], large: [2n ** 60n] };
  for (const ending of ['csv', 'tsv', 'parquet']) {
    const [row] = await readBack(await written(`lists.${ending}`, Object.keys(lists), [lists]), Object.keys(lists));
    assert.deepEqual(
      row,
      {
        text: 'a',
        numbers: '[1,2]',
        one: '["a, b"]',
        mixed: '[null,"1",true]',
        empty: '[]',
        large: '["1152921504606846976"]',
      },
      ending,
    );
  }
});

test('bytes of Parquet that are no text are refused by the name of their column; those that are a text are kept', async () => {
  const bytes = (values: readonly number[]) => new Uint8Array(values);
  const data = {
    text: ['a', 'b'],
    name: [bytes([0xc3, 0xa9]), bytes([0x62])],
    image: [bytes([0x62]), bytes([0x89, 0xff])],
  };
  writeFileSync(path('bytes.parquet'), parquetBytes(data, {}, [], ['name', 'image']));
  assert.deepEqual(await readBack(path('bytes.parquet'), ['text', 'name']), [
    { text: 'a', name: 'é' },
    { text: 'b', name: 'b' },
  ]);
  const kept = await readBack(path('bytes.parquet'), ['text', 'image']);
  assert.deepEqual(kept[1].image, bytes([0x89, 0xff]));
  for (const ending of ['csv', 'tsv', 'jsonl', 'parquet']) {
    await assertRejectsInput(
      () => written(`bytes.out.${ending}`, ['text', 'image'], kept),
      /bytes\.out\.\w+: column 'image' holds bytes, which no table of texts keeps; take the column out of the input/,
    );
    assert.ok(!existsSync(path(`bytes.out.${ending}`)));
  }
  const nested = { text: 'a', image: { bytes: bytes([0x89, 0xff]), path: null } };
  const [csv] = await readBack(await written('nested.csv', ['text', 'image'], [nested]), ['text', 'image']);
  assert.equal(csv.image, '{"bytes":"if8=","path":null}');
});

test('the classes of a Parquet file are kept by their names', async () => {
  writeFileSync(path('classes.parquet'), parquetBytes({ text: ['a', 'b'], kind: [1, 0] }, { kind: ['no', 'yes'] }));
  const kept = await readBack(path('classes.parquet'), ['text', 'kind']);
  assert.deepEqual(kept, [
    { text: 'a', kind: 'yes' },
    { text: 'b', kind: 'no' },
  ]);
});

test('what cannot be written is named, and leaves nothing', async () => {
  await assertRejectsInput(() => openRowFile(path('x.txt'), ['a']), /x\.txt: its name must end in \.csv, /);
  await assertRejectsInput(() => openRowFile(path('x.csv'), ['a', 'a']), /would have two columns 'a'/);
  await written('there.csv', ['a'], [{ a: 1 }]);
  await assertRejectsInput(() => openRowFile(path('there.csv'), ['a']), /there\.csv is there already/);
  mkdirSync(path('folder.csv'));
  for (const options of [{}, { overwrite: true }]) {
    const open = () => openRowFile(path('folder.csv'), ['a'], options);
    await assertRejectsInput(open, /folder\.csv is a folder; name a file in it/);
  }
  const mixed = Array.from({ length: 10_001 }, (_, i) => ({ a: i < 10_000 ? i : 'late' }));
  const file = await openRowFile(path('mixed.parquet'), ['a']);
  await file.write(mixed.slice(0, 10_000));
  await file.write(mixed.slice(10_000));
  await assertRejectsInput(() => file.commit(), /column 'a' holds numbers first and 'late' later/);
  file.discard();
  assert.ok(!existsSync(path('mixed.parquet')));
  assert.ok(!readdirSync(folder).some((name) => name.endsWith('.tmp')));
});

test.run();
