import { isStoredDType, readFloats, type StoredNumbers } from '../backends/stored.ts';
import { InputError } from '../errors.ts';
import { sizeOf } from '../tensor/shape.ts';
import { type ByteSource, memorySource, readBytes } from './byte-source.ts';
import type { TensorFile } from './checkpoint.ts';
import { readHeader, type SafetensorsHeader, type TensorInfo, type TensorRange } from './safetensors-header.ts';

/** An open safetensors file: its header is in memory, a tensor's bytes are read when asked for. */
export class SafetensorsFile {
  /** The name of the file in messages. */
  readonly label: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #source: ByteSource;
  readonly #tensors: SafetensorsHeader['tensors'];

  /** @throws InputError when the file is not a valid safetensors file */
  constructor(source: ByteSource) {
    const { metadata, tensors } = readHeader(source);
    this.label = source.label;
    this.metadata = metadata;
    this.#source = source;
    this.#tensors = tensors;
  }

  /** The names of all tensors, in the order of the file. */
  names(): string[] {
    return [...this.#tensors.keys()];
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** @throws InputError when the file has no such tensor */
  info(name: string): TensorInfo {
    const { dtype, shape } = this.#range(name);
    return { dtype, shape };
  }

  /** The stored bytes of a tensor, row-major and little-endian. @throws InputError when there is none */
  readRaw(name: string): Uint8Array {
    const { begin, end } = this.#range(name);
    return readBytes(this.#source, begin, end);
  }

  /** The numbers of a F16, BF16, F32 or F64 tensor, not yet read. @throws InputError when it is missing or of another dtype */
  numbers(name: string): StoredNumbers {
    const { dtype, shape, begin } = this.#range(name);
    if (!isStoredDType(dtype)) {
      throw new InputError(
        `${this.label}: tensor "${name}" holds ${dtype} where floats (F16, BF16, F32, F64) are needed; export it as one of them.`,
      );
    }
    return { dtype, length: sizeOf(shape), readInto: (target, from) => this.#source.readInto(target, begin + from) };
  }

  /** The values of a F16, BF16, F32 or F64 tensor, row-major. @throws InputError when it is missing or of another dtype */
  readFloat32(name: string): Float32Array {
    return readFloats(this.numbers(name));
  }

  close(): void {
    this.#source.close();
  }

  #range(name: string): TensorRange {
    const range = this.#tensors.get(name);
    if (!range) throw new InputError(`${this.label}: there is no tensor "${name}".`);
    return range;
  }
}

/** The values of a tensor of floats, as {@link SafetensorsFile.readFloat32}. @throws InputError also when one is NaN or infinite */
export function readFiniteFloats(file: Pick<TensorFile, 'label' | 'readFloat32'>, name: string): Float32Array {
  const values = file.readFloat32(name);
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return values;
  throw new InputError(
    `${file.label}: tensor "${name}" holds ${values[at]} at position ${at}; its training went wrong or the file is damaged, so use an earlier save.`,
  );
}

/**
 * Reads the bytes of a safetensors file; `label` names them in messages.
 *
 * @throws InputError when they are invalid; the message names the file, the tensor and the remedy
 */
export function parseSafetensors(bytes: Uint8Array, label: string): SafetensorsFile {
  return new SafetensorsFile(memorySource(bytes, label));
}
