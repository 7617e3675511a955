import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { suite } from 'uvu';
import { openCheckpoint, openTorchFile } from '../../src/io/index.ts';
import { forAll } from '../support/property.ts';
import { type SavedView, savedPickle, storedZip, torchSaved } from '../support/torch-save.ts';
import { assertInputError } from './input-error.ts';
import { temporaryFolder } from './temporary.ts';

const test = suite('files of torch.save');

/** Written by torch 2.13; `zip64.bin` is `archive.bin` as Python's zipfile writes it. */
const saved = (name: string): string => fileURLToPath(new URL(`torch-files/${name}`, import.meta.url));

function opened(bytes: Uint8Array | readonly number[]) {
  const path = join(temporaryFolder(), 'x.bin');
  writeFileSync(path, Uint8Array.from(bytes));
  return openTorchFile(path);
}

for (const name of ['archive.bin', 'legacy.bin', 'zip64.bin']) {
  test(`reads ${name}: views, shared storages, numbers of each kind, parameters`, () => {
    const file = openTorchFile(saved(name));
    const values = (tensor: string) => [...file.readFloat32(tensor)];
    const count = Array.from({ length: 12 }, (_, i) => i);
    assert.deepEqual(file.info('a'), { dtype: 'F32', shape: [3, 4] });
    assert.deepEqual(values('a'), count);
    assert.deepEqual(file.info('t').shape, [4, 3]);
    assert.deepEqual(values('t'), [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
    assert.deepEqual(values('part'), [5, 6, 7, 8]);
    assert.ok(file.readFloat32('same') === file.readFloat32('a'));
    assert.deepEqual([file.info('half').dtype, ...values('half')], ['F16', 1.5, -2]);
    assert.deepEqual([file.info('brain').dtype, ...values('brain')], ['BF16', 1.5, -2]);
    assert.deepEqual([file.info('double').dtype, ...values('double')], ['F64', Math.fround(0.1)]);
    assert.deepEqual([file.info('scalar').shape, values('scalar')], [[], [7]]);
    assert.deepEqual([file.info('empty').shape, values('empty')], [[0, 3], []]);
    assert.deepEqual(values('parameter'), [1, 1]);
    assert.deepEqual([file.info('ids').dtype, file.info('flag').dtype], ['I64', 'BOOL']);
    assertInputError(() => file.numbers('ids'), /tensor "ids" holds I64 where floats/);
    assertInputError(() => file.info('b'), /there is no tensor "b"/);
    file.close();
  });
}

test('a function that a pickle calls is refused by its name, and not run', () => {
  assertInputError(() => openTorchFile(saved('call.bin')), /"posix\.system", which is not run/);
  assertInputError(() => openTorchFile(saved('script.bin')), /compressed, which torch\.save never writes/);
});

test('a checkpoint of one pickle is opened, and safetensors come first', () => {
  const bytes = torchSaved([{ name: 'w', storage: 0, offset: 0, shape: [2], strides: [1] }], [Float32Array.of(1, 2)]);
  const checkpoint = openCheckpoint(temporaryFolder({ 'pytorch_model.bin': bytes }));
  assert.deepEqual(checkpoint.names(), ['w']);
  checkpoint.close();
});

const one = (view: Partial<SavedView> = {}): SavedView => ({
  name: 'w',
  storage: 0,
  offset: 0,
  shape: [2, 2],
  strides: [2, 1],
  ...view,
});
const four = [Float32Array.of(1, 2, 3, 4)];

test('says what is wrong with a damaged file', () => {
  const whole = torchSaved([one()], four);
  const cases: [Uint8Array | number[], RegExp][] = [
    [torchSaved([one({ offset: 1 })], four), /reaches beyond its storage of 4 numbers/],
    [torchSaved([one({ strides: [3, 1] })], four), /reaches beyond its storage/],
    [torchSaved([one({ shape: [9], strides: [0] })], four), /reaches beyond its storage/],
    [torchSaved([one({ shape: [4] })], four), /no storage, offset, shape and strides/],
    [whole.subarray(0, whole.length - 30), /truncated zip archive/],
    [storedZip({ 'x/data.pkl': savedPickle([one()], [4]) }), /numbers of tensor "w" are not all there/],
    [storedZip({ 'x/other': [] }), /zip archive without data\.pkl/],
    [storedZip({ 'x/data.pkl': [0x80, 4, 0x2e] }), /protocol 4/],
    [storedZip({ 'x/data.pkl': [0x80, 2, 0x4b, 7, 0x2e] }), /not a dictionary of tensors/],
    [storedZip({ 'x/data.pkl': [0x80, 2, 0x2e] }), /nothing is there to take/],
    [storedZip({ 'x/data.pkl': [0x80, 2, 0x68, 3, 0x2e] }), /refers to a value 3/],
    [storedZip({ 'x/data.pkl': [0x80, 2, 0x74, 0x2e] }), /has no beginning/],
    [storedZip({ 'x/data.pkl': [0x80, 2, 0x69, 0x2e] }), /opcode 0x69/],
    [storedZip({ 'x/data.pkl': [0x80, 2, 0x7d] }), /truncated pickle/],
    [storedZip({ 'x/data.pkl': savedPickle([one()], [4]), 'x/byteorder': [0x62, 0x69, 0x67] }), /big-endian/],
    [[0x80, 2, 0x7d, 0x2e], /torch\.save did not write/],
    [[], /truncated pickle/],
  ];
  for (const [bytes, message] of cases) assertInputError(() => opened(bytes), message);
});

test('views that together are far larger than the file are refused', () => {
  const values = new Float32Array(4000);
  const views = Array.from({ length: 300 }, (_, i) => one({ name: `w${i}`, offset: i, shape: [3000], strides: [1] }));
  assertInputError(() => opened(torchSaved(views, [values])), /made to fill memory/);
});

test('any permuted and cut view has the numbers of its indices', () => {
  const axis = fc.record({ size: fc.integer({ min: 1, max: 4 }), kept: fc.integer({ min: 1, max: 4 }) });
  forAll(
    fc.array(axis, { minLength: 1, maxLength: 4 }).chain((axes) =>
      fc.record({
        axes: fc.constant(axes.map(({ size, kept }) => ({ size, kept: Math.min(size, kept) }))),
        order: fc.shuffledSubarray([...axes.keys()], { minLength: axes.length }),
        offset: fc.integer({ min: 0, max: 3 }),
      }),
    ),
    ({ axes, order, offset }) => {
      const strides = axes.map((_, i) => axes.slice(i + 1).reduce((product, { size }) => product * size, 1));
      const length = offset + axes.reduce((product, { size }) => product * size, 1);
      const values = Float32Array.from({ length }, (_, i) => i);
      const view = one({ offset, shape: order.map((i) => axes[i].kept), strides: order.map((i) => strides[i]) });
      const expected = view.shape.reduce(
        (places, n, i) => places.flatMap((place) => Array.from({ length: n }, (_, k) => place + k * view.strides[i])),
        [offset],
      );
      const file = opened(torchSaved([view], [values]));
      assert.deepEqual([...file.readFloat32('w')], expected);
      file.close();
    },
  );
});

test('a file that is cut off anywhere is refused', () => {
  const bytes = readFileSync(saved('archive.bin'));
  for (let length = 0; length < bytes.length; length += 37) {
    assertInputError(() => opened(bytes.subarray(0, length)), /x\.bin/);
  }
});

test.run();
