import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { BadRows } from '../../src/data/bad-rows.ts';
import { type Example, streamExamples } from '../../src/data/index.ts';
import { fileRows } from '../../src/data/sources/table-files.ts';
import { textRows } from '../../src/data/text-rows.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { forAllAsync } from '../support/property.ts';
import { file } from './folder.ts';

const test = suite('tables in parts');

interface Read {
  readonly rows: { readonly number: number; readonly cells: readonly string[] }[];
  readonly bad: BadRows;
}

async function read(
  path: string,
  columns: readonly string[],
  chunkBytes?: number,
  recordBytes?: number,
): Promise<Read> {
  const bad = new BadRows();
  const rows: Read['rows'] = [];
  const asked = columns.map((name) => ({ name }));
  for await (const part of textRows(fileRows([path], { chunkBytes, recordBytes }), asked, { bad })) {
    for (const { number, cells } of part.rows) rows.push({ number, cells });
  }
  return { rows, bad };
}

const cell = fc.array(fc.constantFrom('a', 'é', '漢', '😀', '"', ',', ' ', 'b'), { minLength: 1, maxLength: 6 });
const table = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 });

test('how a file is cut into parts does not matter, inside a character, a quote or a line end neither', async () => {
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const csv = (rows: string[][], end: string) =>
    [['a', 'b'], ...rows].map((row) => row.map(quote).join(',') + end).join('');
  const tsv = (rows: string[][], end: string) => [['a', 'b'], ...rows].map((row) => row.join('\t') + end).join('');
  const jsonl = (rows: string[][], end: string) => rows.map(([a, b]) => JSON.stringify({ a, b }) + end).join('');
  await forAllAsync(
    fc.record({ cells: table, size: fc.integer({ min: 1, max: 7 }), end: fc.constantFrom('\n', '\r\n') }),
    async ({ cells, size, end }) => {
      const rows = cells.map((row) => row.map((parts) => `x${parts.join('')}x`));
      for (const [name, text] of Object.entries({
        'a.csv': csv(rows, end),
        'a.tsv': tsv(rows, end),
        'a.jsonl': jsonl(rows, end),
      })) {
        const path = file(name, `\uFEFF${text}`);
        const parts = await read(path, ['b', 'a'], size);
        assert.deepEqual(parts.rows, (await read(path, ['b', 'a'])).rows, name);
        assert.deepEqual(
          parts.rows.map(({ cells: [b, a] }) => [a, b]),
          rows,
          name,
        );
        const first = name === 'a.jsonl' ? 1 : 2;
        assert.deepEqual(
          parts.rows.map(({ number }) => number),
          rows.map((_, i) => i + first),
          name,
        );
      }
    },
    30,
  );
});

test('a byte that is not UTF-8 is named with its line, in whatever part', async () => {
  const bytes = Buffer.from('text\nfine\ncaf\xe9\nx\n', 'latin1');
  for (const name of ['a.csv', 'a.tsv']) {
    for (const size of [1, 5, 1000]) {
      await assertRejectsInput(
        () => read(file(name, bytes), ['text'], size),
        /is not UTF-8 text \(line 3\): save it as UTF-8, or name its encoding with --encoding/,
      );
    }
  }
  await assertRejectsInput(
    () => read(file('a.csv', Buffer.from('text\nx\nabc\xe2', 'latin1')), ['text']),
    /\(line 3\)/,
  );
});

test('UTF-16 without a byte-order mark, and UTF-32, are said', async () => {
  const text = 'text,label\nx,a\ny,b\n';
  const big = Buffer.from(text, 'utf16le').swap16();
  const utf32 = Buffer.concat(
    [...`\uFEFF${text}`].map((sign) => Buffer.from([sign.charCodeAt(0) & 255, sign.charCodeAt(0) >> 8, 0, 0])),
  );
  for (const bytes of [utf32, Buffer.from(text, 'utf16le'), big]) {
    for (const name of ['a.csv', 'a.tsv', 'a.jsonl']) {
      await assertRejectsInput(() => read(file(name, bytes), ['text']), /is not UTF-8 text but UTF-16/);
    }
  }
});

test('all kinds of line ends in one CSV file', async () => {
  const { rows } = await read(file('a.csv', 'text,label\rx,a\ny,b\r\nz,c'), ['text', 'label'], 2);
  assert.deepEqual(
    rows.map(({ cells }) => cells.join('')),
    ['xa', 'yb', 'zc'],
  );
});

test('a quote that is not closed is named, and does not fill the memory', async () => {
  await assertRejectsInput(
    () => read(file('a.csv', 'text\nx\n"y\nz\n'), ['text']),
    /a quote that opens in line 3 or later/,
  );
  const csv = file('a.csv', `text\n"${'x\n'.repeat(600)}"\n`);
  await assertRejectsInput(() => read(csv, ['text'], 100, 1000), /the record in line 2 is too long/);
  assert.equal((await read(csv, ['text'], 100, 2000)).rows.length, 1);
  const json = file('a.jsonl', `{"text":"x"}\n${'x'.repeat(1200)}`);
  await assertRejectsInput(() => read(json, ['text'], 100, 1000), /line 2 is longer than 1000 bytes/);
});

test('a part of a file takes no more memory than a part', async () => {
  const row = `${'some words of a text that is long enough. '.repeat(20)},a\n`;
  const path = file('a.csv', `text,label\n${row.repeat(24_000)}`); // 20 MB
  const before = process.memoryUsage.rss();
  let rows = 0;
  let most = 0;
  for await (const batch of streamExamples(path, { text: ['text'] })) {
    rows += batch.length;
    most = Math.max(most, batch.length);
  }
  assert.equal(rows, 24_000);
  assert.ok(most < 2000, `${most} rows at once`);
  const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
  assert.ok(grown < 200, `${grown} MiB`);
});

test('texts of a table come as they are read; rows that cannot be used are listed at the end, or left out', async () => {
  const path = file('a.jsonl', '{"text":"x"}\n{"text":""}\n{"text":"y"}\n{}\n');
  const texts = async (skipInvalid: boolean) => {
    const warnings: string[] = [];
    const found: Example[] = [];
    const options = { text: ['text'], skipInvalid, onWarning: (message: string) => warnings.push(message) };
    for await (const batch of streamExamples(path, options)) found.push(...batch);
    return { found, warnings };
  };
  await assertRejectsInput(
    () => texts(false),
    /has 2 rows that cannot be used: line 2: no value for 'text'; line 4: there is no 'text'/,
  );
  const { found, warnings } = await texts(true);
  assert.deepEqual(found, [{ text: 'x' }, { text: 'y' }]);
  assert.match(warnings.join(), /left out 2 of 4 rows/);
});

test.run();
