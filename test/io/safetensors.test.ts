import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import { openSafetensors, parseSafetensors, serializeSafetensors } from '../../src/io/index.ts';
import { assertInputError } from './input-error.ts';
import { temporaryFolder } from './temporary.ts';

const test = suite('safetensors: reading');

/** The bytes of a file with this header (its length is filled in) and data. */
function file(header: string | Record<string, unknown>, dataBytes = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (dtype: string, shape: unknown, begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});
const lengthOnly = (length: bigint) => {
  const bytes = file('{}', 8);
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  return bytes;
};

const invalid: [string, Uint8Array, RegExp[]][] = [
  ['an empty file', new Uint8Array(0), [/too small .*\(0 bytes\)/]],
  ['a file of 8 bytes', file(''), [/too small .*\(8 bytes\)/]],
  ['a header that is too large', lengthOnly(100_000_001n), [/claims 100000001 bytes.*limit/]],
  ['a header length near 2^64', lengthOnly(2n ** 64n - 1n), [/claims 18446744073709551615 bytes/]],
  ['a header that is cut off', file('{"a":').subarray(0, 10), [/truncated, the header ends at byte 13 of 10/]],
  ['a text file', new TextEncoder().encode('label,text\n1,good\n'), [/not a safetensors file/]],
  ['a zip pickle', new TextEncoder().encode('PK\x03\x04 archive/data.pkl'), [/pickle.*convert it to safetensors/]],
  [
    'a bare pickle',
    Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20),
    [/pickle.*convert it to safetensors/],
  ],
  ['a Git LFS pointer', new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\n'), [/git lfs pull/]],
  ['a header that is an array', file('[1]'), [/not a safetensors file/]],
  ['a header that is not JSON', file('{"a":}'), [/header is not a JSON object/]],
  ['a header that is not UTF-8', Uint8Array.from([...file('{"a":1}')].map((b) => (b === 0x61 ? 0xff : b))), [/UTF-8/]],
  ['metadata that is no object', file({ __metadata__: 'pt' }), [/__metadata__/]],
  ['metadata with a number', file({ __metadata__: { epoch: 1 } }), [/__metadata__/]],
  [
    'a name that comes twice',
    file(
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      1,
    ),
    [/key "a" twice/],
  ],
  [
    'a field that comes twice',
    file('{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}', 1),
    [/key "dtype" twice/],
  ],
  ['an entry that is no object', file({ a: 3 }), [/tensor "a"/]],
  ['an unknown dtype', file({ a: entry('F12', [1], 0, 4) }, 4), [/tensor "a" has the unknown dtype "F12"/, /BF16/]],
  ['a dtype named like a method', file({ a: entry('toString', [1], 0, 4) }, 4), [/unknown dtype "toString"/]],
  ['a negative size', file({ a: entry('U8', [-1], 0, 4) }, 4), [/tensor "a" has the bad shape \[-1\]/]],
  ['a shape that is no array', file({ a: entry('U8', 4, 0, 4) }, 4), [/tensor "a" has the bad shape 4/]],
  [
    'offsets in the wrong order',
    file({ a: entry('U8', [4], 4, 0) }, 4),
    [/tensor "a" has the bad data_offsets \[4,0\]/],
  ],
  ['missing offsets', file({ a: { dtype: 'U8', shape: [4] } }, 4), [/tensor "a" has the bad data_offsets/]],
  [
    'bytes that do not fit the shape',
    file({ a: entry('F32', [2, 2], 0, 12) }, 12),
    [/tensor "a" holds 12 bytes.*\[2, 2\] needs 16/],
  ],
  ['a shape that overflows', file({ a: entry('F32', [2 ** 52, 2 ** 52], 0, 4) }, 4), [/tensor "a" holds 4 bytes/]],
  [
    'tensors that overlap',
    file({ a: entry('U8', [4], 0, 4), b: entry('U8', [4], 2, 6) }, 6),
    [/tensors "a" and "b" overlap/],
  ],
  [
    'a hole between tensors',
    file({ a: entry('U8', [4], 0, 4), b: entry('U8', [4], 6, 10) }, 10),
    [/hole of 2 bytes before tensor "b"/],
  ],
  ['a hole at the start', file({ a: entry('U8', [4], 1, 5) }, 5), [/hole of 1 bytes before tensor "a"/]],
  ['data that is cut off', file({ a: entry('U8', [4], 0, 4) }, 3), [/truncated, tensor "a"/]],
  ['data that no tensor owns', file({ a: entry('U8', [4], 0, 4) }, 9), [/5 bytes after the last tensor/]],
];

for (const [what, bytes, patterns] of invalid) {
  test(`rejects ${what}, in memory and on disk`, () => {
    assertInputError(() => parseSafetensors(bytes, 'weights.x'), /^weights\.x: /, ...patterns);
    const path = join(temporaryFolder({ 'weights.x': bytes }), 'weights.x');
    assertInputError(() => openSafetensors(path), /weights\.x: /, ...patterns);
  });
}

test('a missing file, a missing tensor and a tensor of integers are input errors', () => {
  assertInputError(() => openSafetensors('/no/such.safetensors'), /Cannot read \/no\/such\.safetensors/);
  const open = parseSafetensors(file({ a: entry('I64', [1], 0, 8) }, 8), 'ids');
  assertInputError(() => open.info('b'), /^ids: there is no tensor "b"/);
  assertInputError(() => open.readFloat32('a'), /^ids: tensor "a" holds I64/);
  assert.deepEqual(open.readRaw('a'), new Uint8Array(8));
});

test('gives names in file order, shapes and metadata; scalars and empty tensors are valid', () => {
  const header = {
    second: entry('F32', [], 8, 12),
    first: entry('F32', [2, 1], 0, 8),
    nothing: entry('F64', [0, 3], 12, 12),
    __metadata__: { format: 'pt' },
  };
  const open = parseSafetensors(file(header, 12), 'x');
  assert.deepEqual(open.names(), ['first', 'second', 'nothing']);
  assert.deepEqual(open.metadata, { format: 'pt' });
  assert.deepEqual(open.info('second'), { dtype: 'F32', shape: [] });
  assert.equal(open.readFloat32('second').length, 1);
  assert.equal(open.readFloat32('nothing').length, 0);
  assert.ok(open.has('first') && !open.has('third'));
});

test('a tensor named __proto__ is a tensor like others', () => {
  const open = parseSafetensors(file('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1), 'x');
  assert.deepEqual(open.names(), ['__proto__']);
});

const patterns16 = Uint16Array.from({ length: 1 << 16 }, (_, i) => i);
const halves = (dtype: 'F16' | 'BF16') =>
  parseSafetensors(
    serializeSafetensors([{ name: 'h', dtype, shape: [1 << 16], data: new Uint8Array(patterns16.buffer) }]),
    dtype,
  ).readFloat32('h');

test('decodes all 65,536 half-precision patterns as the runtime does', () => {
  const Float16Array: new (buffer: ArrayBuffer) => ArrayLike<number> = Reflect.get(globalThis, 'Float16Array');
  const expected = new Float16Array(patterns16.buffer);
  assert.ok(halves('F16').every((value, i) => Object.is(value, expected[i])));
});

test('decodes known half-precision values', () => {
  const values = halves('F16');
  assert.deepEqual(
    [0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x3555].map((bits) => values[bits]),
    [1, -2, 65504, 2 ** -24, 2 ** -14, Math.fround(1365 / 4096)],
  );
  assert.ok(Object.is(values[0x8000], -0));
});

test('a bfloat16 is the upper half of a float32', () => {
  const bits = new Uint32Array(halves('BF16').buffer);
  assert.ok(bits.every((word, i) => word === i * 2 ** 16));
});

test('F64 is rounded to the nearest float32', () => {
  const data = Float64Array.of(0.1, 1e300, -0);
  const open = parseSafetensors(serializeSafetensors([{ name: 'd', dtype: 'F64', shape: [3], data }]), 'd');
  assert.deepEqual(open.readFloat32('d'), Float32Array.of(Math.fround(0.1), Number.POSITIVE_INFINITY, -0));
});

test('a file beyond 2 GiB is read by ranges', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'large.safetensors');
  const large = 2 ** 31 + 4;
  const start = file({ large: entry('U8', [large], 0, large), tail: entry('F32', [2], large, large + 8) });
  const handle = openSync(path, 'w');
  writeSync(handle, start);
  ftruncateSync(handle, start.length + large);
  writeSync(handle, Float32Array.of(1.5, -2), 0, 8, start.length + large);
  closeSync(handle);
  const open = openSafetensors(path);
  assert.deepEqual(open.readFloat32('tail'), Float32Array.of(1.5, -2));
  open.close();
});

test('numbers are read into shared memory, from any byte on', () => {
  const data = Float32Array.of(1, 2, 3);
  const bytes = serializeSafetensors([{ name: 'v', dtype: 'F32', shape: [3], data }]);
  const open = openSafetensors(join(temporaryFolder({ 'x.safetensors': bytes }), 'x.safetensors'));
  for (const numbers of [open.numbers('v'), parseSafetensors(bytes, 'x').numbers('v')]) {
    assert.deepEqual([numbers.dtype, numbers.length], ['F32', 3]);
    const shared = new Uint8Array(new SharedArrayBuffer(16));
    numbers.readInto(shared.subarray(4, 12), 4);
    assert.deepEqual(Float32Array.from(new Float32Array(shared.buffer)), Float32Array.of(0, 2, 3, 0));
  }
  open.close();
});

test('a file that is cut off after it was opened is an input error', () => {
  const bytes = serializeSafetensors([{ name: 'v', dtype: 'F32', shape: [3], data: Float32Array.of(1, 2, 3) }]);
  const path = join(temporaryFolder({ 'x.safetensors': bytes }), 'x.safetensors');
  const open = openSafetensors(path);
  truncateSync(path, bytes.length - 1);
  assertInputError(
    () => open.readFloat32('v'),
    /Cannot read .*x\.safetensors: the file ends at byte \d+, it was longer/,
  );
  open.close();
});

test('reads a golden file written by the reference library', () => {
  const path = fileURLToPath(new URL('../golden/data/adapters/_backbone_bert/model.safetensors', import.meta.url));
  const open = openSafetensors(path);
  assert.equal(open.metadata.format, 'pt');
  assert.deepEqual(open.info('bert.embeddings.word_embeddings.weight'), { dtype: 'F32', shape: [60, 32] });
  for (const name of open.names()) assert.ok(open.readFloat32(name).every(Number.isFinite));
  open.close();
});

test.run();
