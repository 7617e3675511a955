import { InputError } from '../errors.ts';
import { parseJson, readFiniteFloats, type SafetensorsFile, type TensorData } from '../io/browser.ts';
import type { Parameter } from '../nn/index.ts';
import { listOf, parseWith, wholeNumber } from '../settings/index.ts';
import { formatShape, sizeOf } from '../tensor/shape.ts';

/**
 * The sparse form of a parameter in a safetensors file. An unmasked one is stored as it is. A masked one becomes
 * `<name>.values`, F32 [kept], its kept weights in row-major order, and `<name>.mask`, U8 [ceil(N / 8)], one bit per weight,
 * 1 for kept, the first weight in the lowest bit of the first byte; its shape is in the file's metadata under its name.
 */
export interface SparseTensors {
  readonly tensors: TensorData[];
  /** Shape of each masked parameter as JSON, by name. */
  readonly metadata: Record<string, string>;
}

export async function toSparseTensors(parameters: readonly Parameter[]): Promise<SparseTensors> {
  const tensors: TensorData[] = [];
  const metadata: Record<string, string> = {};
  for (const parameter of parameters) {
    const { name, shape, value, pattern } = parameter;
    const numbers = Float32Array.from(await value.data());
    const places = await parameter.keptPlaces();
    if (!places) {
      tensors.push({ name, dtype: 'F32', shape, data: numbers });
      continue;
    }
    const values = pattern ? numbers : numbers.filter((_, i) => places[i] !== 0);
    const bits = packBits(places);
    metadata[name] = JSON.stringify(shape);
    tensors.push({ name: `${name}.values`, dtype: 'F32', shape: [values.length], data: values });
    tensors.push({ name: `${name}.mask`, dtype: 'U8', shape: [bits.length], data: bits });
  }
  return { tensors, metadata };
}

/**
 * Sets parameters to their stored values and masks, which are final.
 *
 * @param isOther names of tensors in the file that belong to something else
 * @param storedName the name that a parameter has in the file
 * @throws InputError naming the tensor if the file lacks a parameter, has one more, or one that does not fit
 */
export function loadSparseTensors(
  file: SafetensorsFile,
  parameters: readonly Parameter[],
  isOther: (name: string) => boolean = () => false,
  storedName: (name: string) => string = (name) => name,
): void {
  const unused = new Set(file.names().filter((name) => !isOther(name)));
  const take = (name: string) => {
    if (!unused.delete(name))
      throw new InputError(`${file.label}: there is no tensor "${name}", which the adapter needs.`);
    return name;
  };
  // Masks are unpacked one at a time into the same bytes, so that loading many adapters leaves little behind.
  let unpacked = new Uint8Array(0);
  // Everything is read and checked before anything is changed.
  const loaded = parameters.map((parameter) => {
    const { shape } = parameter;
    const name = storedName(parameter.name);
    if (file.metadata[name] === undefined) {
      checkShape(file, name, formatShape(file.info(take(name)).shape), shape);
      const values = readFiniteFloats(file, name);
      return () => parameter.load(values, null);
    }
    checkShape(file, name, file.metadata[name], shape);
    const bits = take(`${name}.mask`);
    const { dtype, shape: own } = file.info(bits);
    if (dtype !== 'U8') throw new InputError(`${file.label}: "${bits}" is ${dtype}, not U8; the file is damaged.`);
    checkShape(file, bits, formatShape(own), [Math.ceil(sizeOf(shape) / 8)]);
    const packed = file.readRaw(bits);
    const size = sizeOf(shape);
    if (size % 8 && packed[packed.length - 1] >> (size % 8)) {
      throw new InputError(`${file.label}: "${bits}" has ones after its last weight; the file is damaged.`);
    }
    const values = readFiniteFloats(file, take(`${name}.values`));
    if (values.length !== onesIn(packed))
      throw new InputError(`${file.label}: "${name}" has a mask and values of different counts; the file is damaged.`);
    return () => {
      if (unpacked.length < size) unpacked = new Uint8Array(size);
      parameter.loadKept(values, unpackBits(packed, size, unpacked.subarray(0, size)));
    };
  });
  const [extra] = unused;
  if (extra) throw new InputError(`${file.label}: tensor "${extra}" belongs to no parameter of this adapter and head.`);
  for (const load of loaded) load();
}

function onesIn(bytes: Uint8Array): number {
  let ones = 0;
  for (let byte of bytes) for (; byte > 0; byte &= byte - 1) ones++;
  return ones;
}

/** Returns the shape of a masked parameter from the file's metadata. @throws InputError if it is no shape */
export function storedShape(file: SafetensorsFile, name: string): readonly number[] {
  const label = `${file.label}: ${name} in the metadata`;
  return parseWith(listOf(wholeNumber), parseJson(file.metadata[name], label), label, 'The file is damaged.');
}

function checkShape(file: SafetensorsFile, name: string, stored: string, needed: readonly number[]): void {
  if (stored.replaceAll(' ', '') !== JSON.stringify(needed)) {
    throw new InputError(`${file.label}: "${name}" has shape ${stored}, the model needs ${formatShape(needed)}.`);
  }
}

export function packBits(mask: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) bytes[i >> 3] |= 1 << (i & 7);
  return bytes;
}

/** @param mask takes the bits, [length]. Default: a new array */
export function unpackBits(bytes: Uint8Array, length: number, mask: Uint8Array = new Uint8Array(length)): Uint8Array {
  for (let i = 0; i < length; i++) mask[i] = (bytes[i >> 3] >> (i & 7)) & 1;
  return mask;
}
