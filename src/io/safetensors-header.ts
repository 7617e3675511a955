import { InputError } from '../errors.ts';
import { type ByteSource, readBytes } from './byte-source.ts';
import { DTYPE_BYTES, isDtype, type SafetensorsDtype } from './dtypes.ts';
import { isJsonObject } from './json.ts';

export interface TensorInfo {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
}

/** The place of a tensor's bytes, counted from the start of the file. */
export interface TensorRange extends TensorInfo {
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  /** The tensors in the order of their bytes in the file. */
  readonly tensors: ReadonlyMap<string, TensorRange>;
}

const LENGTH_BYTES = 8;
const MAX_HEADER_BYTES = 100_000_000;
const OPENING_BRACE = 0x7b;
const GET_AGAIN = 'download or export the file again';

/**
 * Reads and checks the header of a safetensors file: an unsigned 64-bit little-endian length, then that many bytes of
 * JSON, then the data, which the tensors must cover exactly and without overlap.
 *
 * Source: the format section of https://github.com/huggingface/safetensors.
 * @throws InputError naming the file, the tensor and the remedy
 */
export function readHeader(source: ByteSource): SafetensorsHeader {
  const { label, size } = source;
  const start = readBytes(source, 0, Math.min(size, 64));
  if (start[LENGTH_BYTES] !== OPENING_BRACE) throw new InputError(`${label}: ${describeStart(start)}`);

  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw new InputError(`${label}: the header claims ${length} bytes, the limit is 100,000,000; ${GET_AGAIN}.`);
  }
  const dataStart = LENGTH_BYTES + Number(length);
  if (dataStart > size) {
    throw new InputError(`${label}: truncated, the header ends at byte ${dataStart} of ${size}; ${GET_AGAIN}.`);
  }

  const header = parseObject(label, readBytes(source, LENGTH_BYTES, dataStart));
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isJsonObject(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw new InputError(`${label}: __metadata__ in the header must map strings to strings; ${GET_AGAIN}.`);
  }
  const ranges = Object.entries(entries)
    .map(([name, entry]) => [name, parseEntry(label, name, entry, dataStart)] as const)
    .sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  checkCover(source, dataStart, ranges);
  return { metadata: metadata as Record<string, string>, tensors: new Map(ranges) };
}

/** Returns what a file is that does not begin like safetensors, and what to do. `start` holds its first bytes. */
function describeStart(start: Uint8Array): string {
  const text = String.fromCharCode(...start);
  const isZip = text.startsWith('PK');
  const isPickle = start[0] === 0x80 && start[1] <= 5;
  if (isZip || isPickle) {
    return 'a PyTorch pickle, which can run code when loaded and is not read; convert it to safetensors (in Python, save_pretrained with safe_serialization=True).';
  }
  if (text.startsWith('version https://git-lfs')) return 'a Git LFS pointer, not the file itself; run git lfs pull.';
  if (start.length <= LENGTH_BYTES) return `too small for a safetensors header (${start.length} bytes); ${GET_AGAIN}.`;
  return `not a safetensors file, its header does not begin with "{"; ${GET_AGAIN}.`;
}

function parseObject(label: string, bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw new InputError(`${label}: the header is not a JSON object in UTF-8; ${GET_AGAIN}.`);
  }
  const duplicate = duplicateKey(text);
  if (duplicate !== null) {
    throw new InputError(`${label}: the header has the key "${duplicate}" twice; export the file again.`);
  }
  return value as Record<string, unknown>;
}

/** A key that valid JSON holds twice in one object; JSON.parse would keep the last one silently. */
function duplicateKey(json: string): string | null {
  const open: Set<string>[] = [];
  for (const [token, colon] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (colon) {
      const key: string = JSON.parse(token.slice(0, -colon.length));
      const keys = open[open.length - 1];
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return null;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parseEntry(label: string, name: string, entry: unknown, dataStart: number): TensorRange {
  const fail = (problem: string): never => {
    throw new InputError(`${label}: tensor "${name}" ${problem}; ${GET_AGAIN}.`);
  };
  if (!isJsonObject(entry)) return fail('is not described by a JSON object');
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype)) {
    return fail(`has the unknown dtype ${JSON.stringify(dtype)}, known are ${Object.keys(DTYPE_BYTES).join(', ')}`);
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) return fail(`has the bad shape ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize) || offsets[0] > offsets[1]) {
    return fail(`has the bad data_offsets ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets;
  const bytes = shape.reduce((product, n) => product * n, DTYPE_BYTES[dtype]);
  if (bytes !== end - begin) {
    return fail(`holds ${end - begin} bytes, but ${dtype} of shape [${shape.join(', ')}] needs ${bytes}`);
  }
  return { dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

/** Checks that the tensors, sorted by place, follow one another from the end of the header to the end of the file. */
function checkCover(
  { label, size }: ByteSource,
  dataStart: number,
  ranges: readonly (readonly [string, TensorRange])[],
): void {
  let covered = dataStart;
  let previous = '';
  for (const [name, { begin, end }] of ranges) {
    if (begin < covered) {
      throw new InputError(`${label}: tensors "${previous}" and "${name}" overlap; export the file again.`);
    }
    if (begin > covered) {
      throw new InputError(
        `${label}: a hole of ${begin - covered} bytes before tensor "${name}"; export the file again.`,
      );
    }
    if (end > size) {
      throw new InputError(`${label}: truncated, tensor "${name}" ends at byte ${end} of ${size}; ${GET_AGAIN}.`);
    }
    covered = end;
    previous = name;
  }
  if (covered < size) {
    throw new InputError(`${label}: ${size - covered} bytes after the last tensor belong to none; ${GET_AGAIN}.`);
  }
}
