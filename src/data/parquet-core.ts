import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import { InputError } from '../errors.ts';
import { type ByteSource, readBuffer } from '../io/byte-source.ts';
import type { Column } from './source.ts';

/** A Parquet file that is being read. */
export interface OpenParquet {
  /** The names of all columns of the file. */
  readonly names: readonly string[];
  /** The names of the classes of each column; null where the file has none. */
  readonly classes: readonly (readonly string[] | null)[];
  /** The values of each row, in the order of the columns, some rows at a time. */
  readonly parts: AsyncGenerator<unknown[][], void, undefined>;
}

/** Rows of one part. */
const PART = 1000;

/** The magic number at both ends and the length of the metadata. */
const SMALLEST = 12;

/**
 * Opens the named columns of a Parquet file. A damaged file may make this, or the reading of a part, run for ever.
 *
 * @throws InputError for a column that is not there; any other error means that the file is damaged or of another kind
 */
export async function openParquet(source: ByteSource, columns: readonly Column[]): Promise<OpenParquet> {
  if (source.size < SMALLEST) throw new Error(`it has ${source.size} bytes`);
  const { parquetMetadataAsync, parquetSchema } = await import('hyparquet');
  const file = {
    byteLength: source.size,
    slice: (begin: number, end = source.size) => readBuffer(source, begin, end),
  };
  const metadata = await parquetMetadataAsync(file);
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  for (const { name: column, optional } of columns) {
    if (!names.includes(column)) {
      if (optional) continue;
      const known = names.map((name) => `'${name}'`).join(', ');
      throw new InputError(`${source.label} has no column '${column}'; it has ${known}`);
    }
    if (names.indexOf(column) < names.lastIndexOf(column)) {
      throw new InputError(`${source.label} has two columns '${column}'; rename one of them`);
    }
  }
  const info = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  const classes = classNames(info, source.label);
  return {
    names,
    classes: columns.map(({ name }) => classes.get(name) ?? null),
    parts: readParts(
      file,
      metadata,
      columns.map(({ name }) => (names.includes(name) ? name : null)),
    ),
  };
}

async function* readParts(
  file: AsyncBuffer,
  metadata: FileMetaData,
  /** Null for one that is missing. */
  columns: readonly (string | null)[],
): AsyncGenerator<unknown[][], void, undefined> {
  const [{ parquetReadColumn }, { compressors }] = await Promise.all([
    import('hyparquet/src/read.js'),
    import('hyparquet-compressors'),
  ]);
  const exact = exactDecimals(metadata);
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    if (!(rowEnd >= rowStart)) throw new Error(`a group has ${num_rows} rows`);
    const data: (ArrayLike<unknown> | null)[] = [];
    for (const column of rowEnd > rowStart ? columns : []) {
      if (column === null) {
        data.push(null);
        continue;
      }
      const read = await parquetReadColumn({
        file,
        metadata,
        columns: [column],
        rowStart,
        rowEnd,
        compressors,
        utf8: false,
      });
      if (read.length < rowEnd - rowStart) {
        throw new Error(`column '${column}' has ${read.length} values in a group of ${rowEnd - rowStart} rows`);
      }
      data.push(read);
    }
    for (let from = 0; from < rowEnd - rowStart; from += PART) {
      const count = Math.min(PART, rowEnd - rowStart - from);
      yield Array.from({ length: count }, (_, i) =>
        columns.map((column, c) => plain(data[c]?.[from + i], column !== null && exact.has(column))),
      );
    }
    rowStart = rowEnd;
  }
}

/**
 * Whole numbers of more digits than a number of JavaScript has, in the form of decimals: the library would round them. They are read
 * as what they are stored as.
 */
function exactDecimals({ schema }: FileMetaData): Set<string> {
  const found = new Set<string>();
  for (const element of schema) {
    const isWhole = element.converted_type === 'DECIMAL' && (element.scale ?? 0) === 0 && (element.precision ?? 0) > 15;
    if (!isWhole || (element.type !== 'INT64' && element.type !== 'FIXED_LEN_BYTE_ARRAY')) continue;
    delete element.converted_type;
    delete element.logical_type;
    found.add(element.name);
  }
  return found;
}

/** The names of the classes of each column that has such, from the `features` that Hugging Face's `datasets` stores. */
function classNames(info: string | undefined, label: string): Map<string, string[]> {
  if (info === undefined) return new Map();
  const { info: { features = {} } = {} } = JSON.parse(info) as { info?: { features?: Record<string, Feature> } };
  return new Map(
    Object.entries(features).flatMap(([column, declared]) => {
      const { _type, names } = declared.feature ?? declared;
      if (_type !== 'ClassLabel' || !Array.isArray(names)) return [];
      const twice = names.find((name, i) => names.indexOf(name) < i);
      if (twice !== undefined)
        throw new InputError(`${label}: two classes of column '${column}' are called '${twice}'`);
      return [[column, names.map(String)]];
    }),
  );
}

interface Feature {
  readonly _type?: string;
  readonly names?: unknown;
  /** Of the values of a list. */
  readonly feature?: Feature;
}

/** Texts instead of the bytes, and numbers instead of the 64-bit integers, in a value that hold the same, however deep. */
function plain(value: unknown, isDecimal = false): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Uint8Array) return isDecimal ? plain(bigEndian(value)) : textOrBytes(value);
  if (Array.isArray(value)) return value.map((entry) => plain(entry));
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, plain(entry)]));
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Some writers do not say that their bytes are texts; what is no UTF-8 is none. */
function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return utf8.decode(bytes);
  } catch {
    return bytes.slice();
  }
}

/** A whole number in two's complement. */
const bigEndian = (bytes: Uint8Array): bigint =>
  BigInt.asIntN(
    8 * bytes.length,
    bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n),
  );
