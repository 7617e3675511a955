import { InputError } from '../errors.ts';
import { type ByteSource, readBytes } from '../io/byte-source.ts';
import { fileSource } from '../io/file-source.ts';

/**
 * The values of one row by column; lists are arrays, structures are objects, whole numbers of 64 bits are numbers. In a
 * column of classes, as Hugging Face's `datasets` marks them in the file, values are the names of the classes.
 */
export type ParquetRow = Readonly<Record<string, unknown>>;

/**
 * The named columns of an Apache Parquet file, row by row. Columns that are not named are not read, and the library is
 * loaded with the first file. Compression may be any of the format (Snappy, Zstandard, gzip, Brotli, LZ4).
 *
 * @throws InputError naming the file: it cannot be read, is no Parquet, is damaged, or lacks a column
 */
export async function readParquet(path: string, columns: readonly string[]): Promise<ParquetRow[]> {
  const source = fileSource(path);
  try {
    return await readRows(source, columns);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const reason = error instanceof Error ? error.message : error;
    throw new InputError(`${path} cannot be read as Parquet, the file is damaged or of another kind: ${reason}`);
  } finally {
    source.close();
  }
}

async function readRows(source: ByteSource, columns: readonly string[]): Promise<ParquetRow[]> {
  if (source.size < SMALLEST) throw new Error(`it has ${source.size} bytes`);
  const [{ parquetMetadataAsync, parquetReadObjects, parquetSchema }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const file = {
    byteLength: source.size,
    slice: (begin: number, end = source.size) => readBytes(source, begin, end).buffer,
  };
  const metadata = await parquetMetadataAsync(file);
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  const missing = columns.find((column) => !names.includes(column));
  if (missing !== undefined) {
    const known = names.map((name) => `'${name}'`).join(', ');
    throw new InputError(`${source.label} has no column '${missing}'; it has ${known}`);
  }
  const rows = await parquetReadObjects({ file, metadata, columns: [...columns], compressors });
  const info = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  const classes = classNames(info);
  const named = (column: string, value: unknown) => classes.get(column)?.[value as number] ?? value;
  return rows.map((row) => Object.fromEntries(columns.map((column) => [column, named(column, plain(row[column]))])));
}

/** The names of the classes of each column that has such, from the `features` that Hugging Face's `datasets` stores. */
function classNames(info: string | undefined): Map<string, string[]> {
  if (info === undefined) return new Map();
  const { info: { features = {} } = {} } = JSON.parse(info) as { info?: { features?: Record<string, Feature> } };
  return new Map(
    Object.entries(features).flatMap(([column, { _type, names }]) =>
      _type === 'ClassLabel' && Array.isArray(names) ? [[column, names.map(String)]] : [],
    ),
  );
}

interface Feature {
  readonly _type?: string;
  readonly names?: unknown;
}

/** The magic number at both ends and the length of the metadata. */
const SMALLEST = 12;

/** Numbers in place of the 64-bit integers in a value, however deep. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, plain(entry)]));
}
