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
