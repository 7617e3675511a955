import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { sizeOf } from '../../src/backends/shapes.ts';
import { readFloats, type StoredDType, type StoredNumbers, storedBytes } from '../../src/backends/stored.ts';
import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { storedNumbers } from '../support/stored.ts';

const test = suite('backends: numbers of a file');
const wasm = new WasmBackend();
const dtypes: readonly StoredDType[] = ['F16', 'BF16', 'F32', 'F64'];

function assertSame(got: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(got.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(got[i], expected[i])) assert.fail(`${i}: ${got[i]} for ${expected[i]}`);
  }
}

/** On every backend, also after all have been read by an operation; nothing stays allocated. */
function check(numbers: StoredNumbers, shape: readonly number[]): void {
  const expected = readFloats(numbers);
  for (const backend of [wasm, new ReferenceBackend(), new ReferenceBackend('float64')]) {
    const buffer = backend.uploadStored(numbers, shape);
    assert.equal(buffer.length, numbers.length);
    assertSame(backend.readSync(buffer as never), expected);
    const copy = backend.broadcast({ buffer: buffer as never, shape: [numbers.length] }, [numbers.length]);
    assertSame(backend.readSync(copy as never), expected);
    backend.free(copy as never);
    backend.free(buffer as never);
    assert.equal(backend.bytes(), 0);
  }
}

const stored = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat({ max: 40 }), { maxLength: 3 }))
  .chain(([dtype, shape]) => {
    const length = sizeOf(shape) * storedBytes(dtype);
    const bytes = fc.uint8Array({ minLength: length, maxLength: length });
    return fc.tuple(
      bytes.map((data) => storedNumbers(dtype, data)),
      fc.constant(shape),
    );
  });

test('every backend reads every format as the plain conversion does', () =>
  fc.assert(
    fc.property(stored, ([numbers, shape]) => check(numbers, shape)),
    { seed: 1, numRuns: 100 },
  ));

test('all 65,536 patterns of 16 bits are widened right, in a vector and in a matrix', () => {
  const bits = Uint16Array.from({ length: 1 << 16 }, (_, i) => i);
  for (const dtype of ['F16', 'BF16'] as const) {
    check(storedNumbers(dtype, bits), [1 << 16]);
    check(storedNumbers(dtype, bits), [1 << 8, 1 << 8]);
  }
});

test('float64 is rounded to the nearest float32, ties to even', () => {
  const ulp = 2 ** -23;
  const data = [
    1 + ulp / 2,
    1 + 1.5 * ulp,
    1 + ulp / 2 + 2 ** -40,
    1e-40,
    1e-50,
    -1e300,
    3.4028235677973366e38,
    NaN,
    -0,
  ];
  const rounded = [1, 1 + 2 * ulp, 1 + ulp, Math.fround(1e-40), 0, -Infinity, Infinity, NaN, -0];
  const buffer = wasm.uploadStored(storedNumbers('F64', Float64Array.from(data)), [data.length]);
  assertSame(wasm.readSync(buffer), rounded);
  wasm.free(buffer);
});

test('more than one piece of numbers that must be converted', () => {
  for (const [dtype, shape] of [
    ['F16', [1_100_003]],
    ['BF16', [1100, 1003]],
    ['F64', [271_003]],
  ] as const) {
    const bytes = new Uint8Array(sizeOf(shape) * storedBytes(dtype)).map((_, i) => (i * 7919) >> 3);
    check(storedNumbers(dtype, bytes), shape);
  }
});

/** The same numbers, which report where they are read to. */
function watched(numbers: StoredNumbers): { numbers: StoredNumbers; reads: { target: Uint8Array; begin: number }[] } {
  const reads: { target: Uint8Array; begin: number }[] = [];
  const readInto = (target: Uint8Array, begin: number) => {
    reads.push({ target, begin });
    numbers.readInto(target, begin);
  };
  return { numbers: { ...numbers, readInto }, reads };
}

test('wasm reads each byte once, straight into its memory, and float16 matrices take half of it', () => {
  const size = 700_000;
  for (const dtype of dtypes) {
    for (const shape of [[size], [1000, size / 1000]]) {
      const { numbers, reads } = watched(storedNumbers(dtype, new Uint8Array(size * storedBytes(dtype))));
      const before = wasm.memory.size;
      const buffer = wasm.uploadStored(numbers, shape);
      const keepsHalves = dtype === 'F16' && shape.length === 2;
      assert.equal(wasm.bytes(), (keepsHalves ? 2 : 4) * size);
      let covered = 0;
      for (const { target, begin } of reads) {
        assert.equal(begin, covered);
        assert.ok(target.buffer instanceof SharedArrayBuffer && target.byteLength >= 1);
        assert.ok(target.byteLength <= 2 ** 20 || dtype === 'F32' || keepsHalves);
        covered += target.byteLength;
      }
      assert.equal(covered, size * storedBytes(dtype));
      assert.ok(wasm.memory.size <= Math.max(before, 1.5 * wasm.bytes() + 2 ** 22));
      wasm.free(buffer);
    }
  }
});

test('loading again and again needs no more memory, also when reading fails', () => {
  const own = new WasmBackend();
  const size = 300_000;
  const round = (fails: boolean) => {
    for (const dtype of dtypes) {
      const whole = storedNumbers(dtype, new Uint8Array(size * storedBytes(dtype)));
      for (const shape of [[size], [size / 100, 100]]) {
        if (!fails) {
          own.free(own.uploadStored(whole, shape));
          continue;
        }
        const readInto = (target: Uint8Array, begin: number) => {
          if (begin + target.length >= size) throw new Error('the disk is gone');
          whole.readInto(target, begin);
        };
        assert.throws(() => own.uploadStored({ ...whole, readInto }, shape), /the disk is gone/);
      }
    }
    assert.equal(own.bytes(), 0);
  };
  round(false);
  const size0 = own.memory.size;
  for (let i = 0; i < 30; i++) round(i % 2 === 1);
  assert.equal(own.memory.size, size0);
});

test.run();
