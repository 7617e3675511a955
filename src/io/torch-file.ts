import { isStoredDType, readFloats, type StoredNumbers, storedBytes } from '../backends/stored.ts';
import { InputError } from '../errors.ts';
import { sizeOf } from '../tensor/shape.ts';
import { type ByteSource, readBytes } from './byte-source.ts';
import { DTYPE_BYTES, type SafetensorsDtype } from './dtypes.ts';
import { PickledGlobal, type PickleRules, readPickle } from './pickle.ts';
import type { TensorInfo } from './safetensors-header.ts';
import { type ZipEntry, zipEntries } from './zip-archive.ts';

/** The numbers that tensors are views of. */
interface Storage {
  readonly key: string;
  readonly dtype: SafetensorsDtype;
  readonly length: number;
}

/** A tensor as torch saves it: its element [i, j, ...] is number offset + i strides[0] + j strides[1] + ... of its storage. */
class StoredView {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }

  /** Equal for tensors that are the same numbers in the same order. */
  get id(): string {
    return JSON.stringify([this.storage.key, this.offset, this.shape, this.strides]);
  }
}

const storageTypes: Readonly<Record<string, SafetensorsDtype>> = {
  'torch.FloatStorage': 'F32',
  'torch.DoubleStorage': 'F64',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};

const DICT = 'collections.OrderedDict';
const TENSOR = 'torch._utils._rebuild_tensor_v2';
const PARAMETER = 'torch._utils._rebuild_parameter';
const functions: readonly string[] = [DICT, TENSOR, PARAMETER];

const LARGEST_PICKLE = 100_000_000;
/** The tensors of a file may be so many times as large as it: views share what they have in common. */
const LARGEST_OVERLAP = 16;
const MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const areCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount);

/** The rules of pickles that hold tensors in dictionaries, and nothing else. */
function tensorRules(label: string, storages: Map<string, Storage>): PickleRules {
  const fail = (problem: string) => new InputError(`${label}: ${problem}; download or save the file again.`);

  function viewOf([storage, offset, shape, strides]: readonly unknown[]): StoredView {
    const isWhole = storages.get((storage as Storage | null)?.key ?? '') === storage;
    if (!isWhole || !isCount(offset) || !areCounts(shape) || !areCounts(strides) || shape.length !== strides.length) {
      throw fail('a tensor of its pickle has no storage, offset, shape and strides');
    }
    const { length } = storage as Storage;
    const last = shape.reduce((place, n, i) => place + (n - 1) * strides[i], offset);
    const size = sizeOf(shape);
    if (size > 0 && (last >= length || size > length)) {
      throw fail(`a tensor of the shape [${shape.join(', ')}] reaches beyond its storage of ${length} numbers`);
    }
    return new StoredView(storage as Storage, offset, shape, strides);
  }

  return {
    isKnown: (name) => functions.includes(name) || Object.hasOwn(storageTypes, name),
    call(name, args) {
      if (name === DICT && args.length === 0) return new Map();
      if (name === TENSOR) return viewOf(args);
      if (name === PARAMETER && args[0] instanceof StoredView) return args[0];
      throw fail(`its pickle calls ${name} with other arguments than torch.save`);
    },
    persistent(id) {
      const [word, type, key, , length, part] = Array.isArray(id) ? id : [];
      const dtype = type instanceof PickledGlobal ? storageTypes[type.name] : undefined;
      if (word !== 'storage' || !dtype || typeof key !== 'string' || !isCount(length)) {
        throw fail('a storage of its pickle has no type, key and size');
      }
      if (part !== undefined && part !== null)
        throw fail('a storage of its pickle is part of another one, as before torch 0.4');
      const known = storages.get(key) ?? { key, dtype, length };
      if (known.dtype !== dtype || known.length !== length) throw fail(`its storage ${key} has two types or sizes`);
      storages.set(key, known);
      return known;
    },
  };
}

/** The content of a file: what its pickle says, and where the numbers of each storage are. */
interface Content {
  readonly value: unknown;
  readonly places: ReadonlyMap<string, ZipEntry>;
}

/** A zip archive: `name/data.pkl` and a storage in each of `name/data/0`, `name/data/1` ... */
function readArchive(source: ByteSource, storages: Map<string, Storage>): Content {
  const { label } = source;
  const entries = zipEntries(source);
  const [root] = [...entries.keys()].flatMap((name) => /^([^/]*\/)?data\.pkl$/.exec(name)?.[0] ?? []);
  const pickle = root === undefined ? undefined : entries.get(root);
  if (root === undefined || !pickle) {
    const model = [...entries.keys()].some((name) => /(^|\/)constants\.pkl$/.test(name));
    throw new InputError(
      `${label} is a zip archive without data.pkl, so it was not written by torch.save${model ? ' but is a model of TorchScript' : ''}.`,
    );
  }
  if ([...entries.keys()].some((name) => /^([^/]*\/)?code\//.test(name))) {
    throw new InputError(`${label} is a model of TorchScript with code, not tensors alone; save its state_dict.`);
  }
  if (pickle.size > LARGEST_PICKLE)
    throw new InputError(`${label}: its pickle has ${pickle.size} bytes, the limit is 100,000,000.`);
  const folder = root.slice(0, -'data.pkl'.length);
  const order = entries.get(`${folder}byteorder`);
  if (order && order.size < 10) {
    const word = new TextDecoder().decode(readBytes(source, order.begin, order.begin + order.size));
    if (word !== 'little')
      throw new InputError(`${label}: its numbers are big-endian, which is not read; save it on another machine.`);
  }
  const bytes = readBytes(source, pickle.begin, pickle.begin + pickle.size);
  const { value } = readPickle(bytes, label, tensorRules(label, storages));
  const places = new Map<string, ZipEntry>();
  for (const key of storages.keys()) {
    const place = entries.get(`${folder}data/${key}`);
    if (place) places.set(key, place);
  }
  return { value, places };
}

/** The format before torch 1.6: pickles of a magic number, a version, facts on the machine, the tensors and the keys of storages; then these. */
function readLegacy(source: ByteSource, storages: Map<string, Storage>): Content {
  const { label, size } = source;
  const fail = (problem: string) => new InputError(`${label}: ${problem}; download or save the file again.`);
  const bytes = readBytes(source, 0, Math.min(size, LARGEST_PICKLE));
  const none: PickleRules = {
    isKnown: () => false,
    call: () => undefined,
    persistent: () => {
      throw fail('a damaged pickle, with a storage where none can be');
    },
  };
  let at = 0;
  const next = (rules: PickleRules = none): unknown => {
    const { value, end } = readPickle(bytes, label, rules, at);
    at = end;
    return value;
  };
  if (next() !== MAGIC)
    throw new InputError(`${label} is a pickle that torch.save did not write; save tensors with it.`);
  if (next() !== LEGACY_PROTOCOL) throw fail('a pickle of an unknown version of torch');
  const facts = next();
  if (facts instanceof Map && facts.get('little_endian') === false)
    throw fail('its numbers are big-endian, which is not read');
  const value = next(tensorRules(label, storages));
  const keys = next();
  if (!Array.isArray(keys)) throw fail('a damaged pickle, without keys of storages');
  const places = new Map<string, ZipEntry>();
  for (const key of keys) {
    const storage = storages.get(key);
    if (!storage || places.has(key)) throw fail('a damaged pickle, with keys of storages that it does not have');
    const length = storage.length * DTYPE_BYTES[storage.dtype];
    if (at + 8 + length > size) throw fail(`truncated, its storage ${key} ends at byte ${at + 8 + length} of ${size}`);
    const told = new DataView(readBytes(source, at, at + 8).buffer).getBigInt64(0, true);
    if (told !== BigInt(storage.length))
      throw fail(`its storage ${key} has ${told} numbers, and its pickle says ${storage.length}`);
    places.set(key, { begin: at + 8, size: length });
    at += 8 + length;
  }
  return { value, places };
}

/** The kind of a value, for messages. */
function kindOf(value: unknown): string {
  if (value instanceof StoredView) return 'a tensor';
  if (value instanceof Map) return 'a dictionary';
  if (Array.isArray(value)) return 'a list';
  return value === null ? 'None' : `of the kind ${typeof value}`;
}

/**
 * The tensors of a file that `torch.save` wrote of a dictionary (`state_dict`): a zip archive, or the format before torch 1.6. Of its
 * pickle a few opcodes are interpreted, and of classes and functions those of tensors; nothing is executed, whatever the file holds.
 */
export class TorchFile {
  /** The name of the file in messages. */
  readonly label: string;
  readonly metadata: Readonly<Record<string, string>> = {};
  readonly #source: ByteSource;
  readonly #views = new Map<string, StoredView>();
  readonly #places: ReadonlyMap<string, ZipEntry>;
  /** The numbers of views that the file has under several names, as they were read. */
  readonly #read = new Map<string, Float32Array>();
  readonly #shared = new Set<string>();

  /** @throws InputError for anything but a dictionary of tensors, naming a class or function that is something else */
  constructor(source: ByteSource) {
    const { label } = source;
    this.label = label;
    this.#source = source;
    const storages = new Map<string, Storage>();
    const start = readBytes(source, 0, Math.min(source.size, 2));
    const isArchive = start[0] === 0x50 && start[1] === 0x4b;
    const { value, places } = isArchive ? readArchive(source, storages) : readLegacy(source, storages);
    this.#places = places;
    if (!(value instanceof Map))
      throw new InputError(`${label}: its value is ${kindOf(value)}, not a dictionary of tensors; save a state_dict.`);
    let bytes = 0;
    const known = new Set<string>();
    for (const [name, view] of value) {
      if (typeof name !== 'string' || !(view instanceof StoredView)) {
        throw new InputError(
          `${label}: its entry ${JSON.stringify(String(name))} is ${kindOf(view)}, not a tensor; save a state_dict.`,
        );
      }
      const { key, dtype, length } = view.storage;
      const place = places.get(key);
      if (!place || place.size < length * DTYPE_BYTES[dtype]) {
        throw new InputError(
          `${label}: the numbers of tensor "${name}" are not all there; download or save the file again.`,
        );
      }
      const { id } = view;
      if (known.has(id)) this.#shared.add(id);
      else bytes += sizeOf(view.shape) * DTYPE_BYTES[dtype];
      known.add(id);
      this.#views.set(name, view);
    }
    if (bytes > LARGEST_OVERLAP * source.size) {
      throw new InputError(
        `${label}: its tensors have ${bytes} bytes and the file ${source.size}; it is damaged, or made to fill memory.`,
      );
    }
  }

  names(): string[] {
    return [...this.#views.keys()];
  }

  has(name: string): boolean {
    return this.#views.has(name);
  }

  /** @throws InputError when the file has no such tensor */
  info(name: string): TensorInfo {
    const { storage, shape } = this.#view(name);
    return { dtype: storage.dtype, shape };
  }

  /** The numbers of a tensor of floats, not yet read. @throws InputError when it is missing or of another dtype */
  numbers(name: string): StoredNumbers {
    const view = this.#view(name);
    const { storage, shape, offset } = view;
    const { dtype } = storage;
    if (!isStoredDType(dtype)) {
      throw new InputError(
        `${this.label}: tensor "${name}" holds ${dtype} where floats (F16, BF16, F32, F64) are needed.`,
      );
    }
    const begin = this.#places.get(storage.key)?.begin ?? 0;
    const length = sizeOf(shape);
    if (isRowMajor(view)) {
      const from = begin + offset * storedBytes(dtype);
      return { dtype, length, readInto: (target, at) => this.#source.readInto(target, from + at) };
    }
    let gathered: Uint8Array | undefined;
    return {
      dtype,
      length,
      readInto: (target, at) => {
        gathered ??= gather(view, readBytes(this.#source, begin, begin + storage.length * storedBytes(dtype)));
        target.set(gathered.subarray(at, at + target.length));
      },
    };
  }

  /** The values of a tensor of floats, row-major; the same array for names that share them. @throws InputError as {@link numbers} */
  readFloat32(name: string): Float32Array {
    const { id } = this.#view(name);
    const values = this.#read.get(id) ?? readFloats(this.numbers(name));
    if (this.#shared.has(id)) this.#read.set(id, values);
    return values;
  }

  close(): void {
    this.#source.close();
  }

  #view(name: string): StoredView {
    const view = this.#views.get(name);
    if (!view) throw new InputError(`${this.label}: there is no tensor "${name}".`);
    return view;
  }
}

/** Returns whether the elements lie in the order of their indices, one beside the other. */
function isRowMajor({ shape, strides }: StoredView): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return false;
    expected *= shape[i];
  }
  return true;
}

/** The bytes of a view's elements in the order of their indices. @param bytes those of its storage */
function gather({ storage, offset, shape, strides }: StoredView, bytes: Uint8Array): Uint8Array {
  const width = DTYPE_BYTES[storage.dtype];
  const count = sizeOf(shape);
  const result = new Uint8Array(count * width);
  const index = new Array<number>(shape.length).fill(0);
  let place = offset;
  for (let i = 0; i < count; i++) {
    result.set(bytes.subarray(place * width, (place + 1) * width), i * width);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += strides[axis];
      if (++index[axis] < shape[axis]) break;
      place -= index[axis] * strides[axis];
      index[axis] = 0;
    }
  }
  return result;
}
