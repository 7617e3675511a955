import { DTYPE_BYTES, type SafetensorsDtype } from './dtypes.ts';

/** A tensor to write: values in the array type of the dtype, or the row-major little-endian bytes of any dtype. */
export type TensorData = { readonly name: string; readonly shape: readonly number[] } & (
  | { readonly dtype: 'F32'; readonly data: Float32Array }
  | { readonly dtype: 'F64'; readonly data: Float64Array }
  | { readonly dtype: 'I32'; readonly data: Int32Array }
  | { readonly dtype: SafetensorsDtype; readonly data: Uint8Array }
);

const DTYPE_ORDER = Object.keys(DTYPE_BYTES);

/**
 * The bytes of a safetensors file, laid out as by the reference library: tensors by dtype, the wider first, then by
 * name; the header padded with spaces to a multiple of 8 bytes.
 *
 * @throws Error when a name comes twice or a tensor's values do not fill its shape
 */
export function serializeSafetensors(
  tensors: Iterable<TensorData>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const sorted = [...tensors].sort(compare);
  const entries: [string, unknown][] = metadata ? [['__metadata__', metadata]] : [];
  let end = 0;
  for (const { name, dtype, shape, data } of sorted) {
    const bytes = shape.reduce((product, n) => product * n, DTYPE_BYTES[dtype]);
    if (bytes !== data.byteLength) {
      throw new Error(
        `Tensor "${name}": ${dtype} of shape [${shape.join(', ')}] needs ${bytes} bytes, got ${data.byteLength}.`,
      );
    }
    entries.push([name, { dtype, shape, data_offsets: [end, end + bytes] }]);
    end += bytes;
  }
  const names = new Set(entries.map(([name]) => name));
  if (names.size < entries.length) throw new Error('Two tensors to write have the same name.');

  // Joined by hand: an object would put names like "0" before all others.
  const members = entries.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  const header = new TextEncoder().encode(`{${members.join(',')}}`);
  const dataStart = 8 + 8 * Math.ceil(header.length / 8);
  const file = new Uint8Array(dataStart + end).fill(0x20, 8, dataStart);
  new DataView(file.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  file.set(header, 8);
  let position = dataStart;
  for (const { data } of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}

function compare(a: TensorData, b: TensorData): number {
  return DTYPE_ORDER.indexOf(b.dtype) - DTYPE_ORDER.indexOf(a.dtype) || (a.name < b.name ? -1 : 1);
}
