import { type StoredDType, type StoredNumbers, storedBytes } from '../../src/backends/stored.ts';
import { Random } from '../../src/index.ts';

/** The bytes of an array as numbers of a file. */
export function storedNumbers(dtype: StoredDType, data: ArrayBufferView): StoredNumbers {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return {
    dtype,
    length: bytes.length / storedBytes(dtype),
    readInto: (target, begin) => target.set(bytes.subarray(begin, begin + target.length)),
  };
}

/** Bits of float16 numbers below 16 of either sign, some of them subnormal or 0. */
export function halfBits(length: number, seed: number): Uint16Array {
  const random = new Random(seed);
  return Uint16Array.from({ length }, () => (random.integer(2) << 15) | random.integer(19 << 10));
}

/** The bits of the nearest half-precision number, for numbers in its normal range and 0. */
export function float16Bits(x: number): number {
  if (x === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(x)));
  const bits = Math.round((Math.abs(x) / 2 ** exponent - 1) * 1024) + ((exponent + 15) << 10);
  return (x < 0 ? 0x8000 : 0) | Math.max(bits, 0x400);
}
