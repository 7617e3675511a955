import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { suite } from 'uvu';
import { readLines } from '../../src/data/index.ts';
import { InputError } from '../../src/errors.ts';
import { file } from './folder.ts';

const test = suite('readLines');

async function all(source: string | Readable): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(source)) lines.push(line);
  return lines;
}

test('a file, with byte-order mark, CRLF, empty lines, and with or without an end of the last line', async () => {
  assert.deepEqual(await all(file('a.txt', '\uFEFFone\r\n\r\ntwo\n three ')), ['one', '', 'two', ' three ']);
  assert.deepEqual(await all(file('a.txt', 'one\ntwo\n')), ['one', 'two']);
  assert.deepEqual(await all(file('a.txt', '')), []);
});

test('only line feeds end lines, so numbers agree with other programs', async () => {
  assert.deepEqual(await all(file('a.txt', 'one\u2028still one\rstill\ntwo')), ['one\u2028still one\rstill', 'two']);
});

test('how a stream is cut into chunks does not matter, inside a character neither', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'é', '漢', '😀', '\n', '\r\n')),
      fc.integer({ min: 1, max: 5 }),
      async (parts, size) => {
        const text = parts.join('');
        const bytes = Buffer.from(text);
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.subarray(i * size, (i + 1) * size),
        );
        const expected = text.split(/\r?\n/);
        if (expected.at(-1) === '') expected.pop();
        assert.deepEqual(await all(Readable.from(chunks)), expected);
      },
    ),
  );
});

test('a stream of strings', async () => {
  assert.deepEqual(await all(Readable.from(['on', 'e\ntw', 'o'])), ['one', 'two']);
});

test('lines are there before the stream ends', async () => {
  const stream = new Readable({ read() {} });
  const lines = readLines(stream);
  stream.push('one\ntw');
  assert.deepEqual(await lines.next(), { value: 'one', done: false });
  stream.push('o\n');
  assert.deepEqual(await lines.next(), { value: 'two', done: false });
  stream.push(null);
  assert.equal((await lines.next()).done, true);
});

test('a source that cannot be read is named', async () => {
  const failure = (message: RegExp) => (error: unknown) => error instanceof InputError && message.test(error.message);
  await assert.rejects(all(join(tmpdir(), 'missing.txt')), failure(/missing\.txt does not exist/));
  await assert.rejects(all(file('a.txt', Buffer.from('caf\xe9\nx', 'latin1'))), failure(/a\.txt is not UTF-8/));
  await assert.rejects(all(Readable.from([Buffer.of(0x61, 0xc3)])), failure(/the input is not UTF-8/));
});

test.run();
