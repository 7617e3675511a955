import { storedNumbersF16 } from '../../backends/stored.ts';
import type { Initializer } from './graph.ts';

/** A weight of a model, row-major. */
export interface DenseWeight {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

type Data = Initializer['data'];

const bytesOf = (values: Float32Array | Int8Array | Uint8Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** The largest number of float16, and those that round to it. */
const LARGEST_F16 = 65520;

/** Returns whether float16 has a finite number for each of these. */
export const fitsFloat16 = (values: Float32Array): boolean => values.every((x) => Math.abs(x) < LARGEST_F16);

/** A matrix [rows, columns] with its axes exchanged. */
function transposed(values: Float32Array, [rows, columns]: readonly number[]): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j];
  return result;
}

/** Numbers in float32, or in float16 rounded to nearest; made when they are written. */
export function lazyFloats(make: () => Float32Array, count: number, type: 'float32' | 'float16'): Data {
  if (type === 'float32') return { length: 4 * count, bytes: () => bytesOf(make()) };
  return {
    length: 2 * count,
    bytes: () => {
      const [target, numbers] = [new Uint8Array(2 * count), storedNumbersF16(make())];
      numbers.readInto(target, 0);
      return target;
    },
  };
}

/** A weight [out, in] as [in, out], by which rows are multiplied from the left. */
export const transposedFloats = ({ shape, values }: DenseWeight, type: 'float32' | 'float16'): Data =>
  lazyFloats(() => transposed(values, shape), values.length, type);

/** Half of the range of 8 bits, so that products of pairs cannot exceed 16 bits on a processor without VNNI. */
const STEPS = 63;

/** The distance between neighbouring numbers of each row of a weight [out, in] in 7 bits around 0; [out]. */
export function rowScales({ shape: [rows, columns], values }: DenseWeight): Float32Array {
  const largest = (row: Float32Array) => row.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  return Float32Array.from(
    { length: rows },
    (_, i) => largest(values.subarray(i * columns, (i + 1) * columns)) / STEPS || 1,
  );
}

/** A weight [out, in] as whole numbers [in, out], each times the scale of its row nearest to the weight. */
export function quantizedColumns({ shape: [rows, columns], values }: DenseWeight, scales: Float32Array): Data {
  return {
    length: values.length,
    bytes: () => {
      const whole = new Int8Array(values.length);
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) whole[j * rows + i] = Math.round(values[i * columns + j] / scales[i]);
      return bytesOf(whole);
    },
  };
}

/** A table in 8 bits: each number is nearest to scale · (whole number - zero). */
export interface QuantizedTable {
  readonly scale: number;
  readonly zero: number;
  readonly data: Data;
}

/** A table as whole numbers from 0 to 255, with one scale and a zero that is exact. */
export function quantizedTable({ values }: DenseWeight): QuantizedTable {
  const low = values.reduce((a, b) => Math.min(a, b), 0);
  const high = values.reduce((a, b) => Math.max(a, b), 0);
  const scale = Math.fround((high - low) / 255) || 1;
  const zero = Math.round(-low / scale);
  const bytes = () => Uint8Array.from(values, (x) => Math.min(255, Math.max(0, Math.round(x / scale) + zero)));
  return { scale, zero, data: { length: values.length, bytes } };
}
