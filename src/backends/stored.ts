/** Bytes per number of the formats in which files hold floats. */
const STORED_BYTES = { F16: 2, BF16: 2, F32: 4, F64: 8 } as const;

/** IEEE 754 binary16, bfloat16, binary32 and binary64, under the names of safetensors. */
export type StoredDType = keyof typeof STORED_BYTES;

/** Numbers as a file holds them, row-major and little-endian. Their bytes are read when a backend asks for them. */
export interface StoredNumbers {
  readonly dtype: StoredDType;
  readonly length: number;
  /** Fills `target`, which may lie in shared memory, with the bytes from `begin` on. */
  readInto(target: Uint8Array, begin: number): void;
}

export function isStoredDType(name: string): name is StoredDType {
  return Object.hasOwn(STORED_BYTES, name);
}

export const storedBytes = (dtype: StoredDType): number => STORED_BYTES[dtype];

/** The numbers as float32: exact for F16, BF16 and F32, rounded to nearest for F64. */
export function readFloats(numbers: StoredNumbers): Float32Array {
  const bytes = new Uint8Array(numbers.length * STORED_BYTES[numbers.dtype]);
  numbers.readInto(bytes, 0);
  switch (numbers.dtype) {
    case 'F32':
      return new Float32Array(bytes.buffer);
    case 'F64':
      return new Float32Array(new Float64Array(bytes.buffer));
    case 'F16': {
      const values = halfValues();
      const f16 = new Uint16Array(bytes.buffer);
      const floats = new Float32Array(f16.length);
      for (let i = 0; i < f16.length; i++) floats[i] = values[f16[i]];
      return floats;
    }
    case 'BF16': {
      // A bfloat16 is the upper half of a float32.
      const bf16 = new Uint16Array(bytes.buffer);
      const words = new Uint32Array(bf16.length);
      for (let i = 0; i < bf16.length; i++) words[i] = bf16[i] << 16;
      return new Float32Array(words.buffer);
    }
  }
}

/** Numbers rounded to the nearest float16, ties to even, as a file would hold them. */
export function storedNumbersF16(values: ArrayLike<number>): StoredNumbers {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) bits[i] = float16Bits(values[i]);
  const bytes = new Uint8Array(bits.buffer);
  return {
    dtype: 'F16',
    length: bits.length,
    readInto: (target, begin) => target.set(bytes.subarray(begin, begin + target.length)),
  };
}

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

function float16Bits(x: number): number {
  float[0] = Math.abs(x);
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  if (Number.isNaN(x)) return 0x7e00;
  // From here on the nearest float16 is infinite.
  if (float[0] >= 65520) return sign | 0x7c00;
  // Subnormal numbers are multiples of 2^-24: their sum with 1/2, whose last bit is worth that, is rounded to one.
  if (float[0] < 2 ** -14) {
    float[0] += 0.5;
    return sign | (word[0] & 0xffff);
  }
  const isOdd = (word[0] >> 13) & 1;
  return sign | ((word[0] - ((127 - 15) << 23) + 0xfff + isOdd) >> 13);
}

let halfTable: Float32Array | null = null;

/** The value of each of the 65,536 bit patterns of binary16. */
function halfValues(): Float32Array {
  halfTable ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
  return halfTable;
}
