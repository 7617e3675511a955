/** Bytes per element of the dtypes of a safetensors file, in the order of the reference library. */
export const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

export type SafetensorsDtype = keyof typeof DTYPE_BYTES;

export function isDtype(name: unknown): name is SafetensorsDtype {
  return typeof name === 'string' && Object.hasOwn(DTYPE_BYTES, name);
}

let float16Table: Float32Array | null = null;

/** The value of each of the 65,536 half-precision bit patterns (IEEE 754 binary16). */
function float16Values(): Float32Array {
  if (float16Table) return float16Table;
  float16Table = Float32Array.from({ length: 1 << 16 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
  return float16Table;
}

/**
 * Little-endian floats of any stored precision as float32; exact for F16, BF16 and F32, rounded to nearest for F64.
 *
 * @param bytes at offset 0 of its buffer; the result of an F32 tensor is a view of it
 * @returns null for a dtype that is not F16, BF16, F32 or F64
 */
export function toFloat32(bytes: Uint8Array<ArrayBuffer>, dtype: SafetensorsDtype): Float32Array | null {
  switch (dtype) {
    case 'F32':
      return new Float32Array(bytes.buffer);
    case 'F64':
      return new Float32Array(new Float64Array(bytes.buffer));
    case 'F16': {
      const values = float16Values();
      const halves = new Uint16Array(bytes.buffer);
      const floats = new Float32Array(halves.length);
      for (let i = 0; i < halves.length; i++) floats[i] = values[halves[i]];
      return floats;
    }
    case 'BF16': {
      // A bfloat16 is the upper half of a float32.
      const halves = new Uint16Array(bytes.buffer);
      const words = new Uint32Array(halves.length);
      for (let i = 0; i < halves.length; i++) words[i] = halves[i] << 16;
      return new Float32Array(words.buffer);
    }
    default:
      return null;
  }
}
