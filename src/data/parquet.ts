import { InputError } from '../errors.ts';
import { fileSource } from '../io/file-source.ts';
import { openParquet } from './parquet-core.ts';
import type { ParquetReply, ParquetRequest } from './parquet-messages.ts';
import { GivenUp, NoThread, ParquetThread } from './parquet-thread.ts';
import type { Column } from './source.ts';

/**
 * The values of one row by column; lists are arrays, structures are objects, whole numbers of 64 bits are numbers, or a bigint where a
 * number cannot hold all their digits. In a column of classes, as Hugging Face's `datasets` marks them in the file, values are the names
 * of the classes.
 */
export type ParquetRow = Readonly<Record<string, unknown>>;

export interface ParquetOptions {
  /** The longest time for any part of a file, in milliseconds. Default 10 s, and 1 s more for each MB of the file. */
  readonly partMilliseconds?: number;
  /** The largest memory for the objects of the reader, in MiB. Default 1024 for a file below 16 MiB, 4096 for others. */
  readonly memoryMiB?: number;
}

/**
 * The named columns of an Apache Parquet file, row by row. Columns that are not named are not read, and the library is
 * loaded with the first file. Compression may be any of the format (Snappy, Zstandard, gzip, Brotli, LZ4). The file is read in a thread of
 * its own, which is ended when a damaged file makes it run for ever.
 *
 * @throws InputError naming the file: it cannot be read, is no Parquet, is damaged, or lacks a column
 */
export async function readParquet(
  path: string,
  columns: readonly string[],
  options?: ParquetOptions,
): Promise<ParquetRow[]> {
  const rows: ParquetRow[] = [];
  const asked = columns.map((name) => ({ name }));
  for await (const { classes, part } of parquetParts(path, asked, options)) {
    const named = (c: number, value: unknown): unknown =>
      Array.isArray(value) ? value.map((one) => named(c, one)) : (classes[c]?.[value as number] ?? value);
    for (const values of part) rows.push(Object.fromEntries(columns.map((column, c) => [column, named(c, values[c])])));
  }
  return rows;
}

/** Some rows of a file. */
export interface ParquetPart {
  /** The names of the classes of each column; null where the file has none. */
  readonly classes: readonly (readonly string[] | null)[];
  /** The values of each row in the order of the columns; classes are numbers. */
  readonly part: unknown[][];
}

/** The same as {@link readParquet}, some rows at a time. */
export async function* parquetParts(
  path: string,
  columns: readonly Column[],
  { partMilliseconds, memoryMiB }: ParquetOptions = {},
): AsyncGenerator<ParquetPart, void, undefined> {
  const source = fileSource(path);
  const { size } = source;
  source.close();
  const limit = partMilliseconds ?? 10_000 + size / 1000;
  const memory = memoryMiB ?? (size < 2 ** 24 ? 1024 : 4096);
  const reader = await readerFor(path, columns, limit, memory);
  let next = reader.next();
  try {
    for (let part = await next; part; part = await next) {
      // The thread reads on while the rows are worked with.
      next = reader.next();
      next.catch(() => {});
      yield { classes: reader.classes, part };
    }
  } catch (error) {
    throw damaged(path, error);
  } finally {
    await next.catch(() => {});
    reader.close();
  }
}

/** The names of the columns of a file, in their order. @throws InputError as {@link readParquet} */
export async function parquetColumns(path: string): Promise<readonly string[]> {
  const source = fileSource(path);
  const { size } = source;
  source.close();
  const reader = await readerFor(path, [], 10_000 + size / 1000, 1024);
  reader.close();
  return reader.names;
}

interface Reader {
  readonly names: readonly string[];
  readonly classes: ParquetPart['classes'];
  /** Null at the end. */
  next(): Promise<unknown[][] | null>;
  close(): void;
}

async function readerFor(path: string, columns: readonly Column[], limit: number, memory: number): Promise<Reader> {
  try {
    try {
      return await threadReader(await ParquetThread.take(memory), path, columns, limit);
    } catch (error) {
      if (!(error instanceof NoThread)) throw error;
      sayOnce(error.message);
      return await ownReader(path, columns);
    }
  } catch (error) {
    throw damaged(path, error);
  }
}

async function threadReader(
  thread: ParquetThread,
  path: string,
  columns: readonly Column[],
  limit: number,
): Promise<Reader> {
  let isUsable = true;
  const ask = async (request: ParquetRequest): Promise<Exclude<ParquetReply, { error: string }>> => {
    let reply: ParquetReply;
    try {
      reply = await thread.ask(request, limit);
    } catch (error) {
      isUsable = false;
      throw error;
    }
    if (!('error' in reply)) return reply;
    throw reply.isInput ? new InputError(reply.error) : new Error(reply.error);
  };
  const close = () => (isUsable ? thread.release() : thread.end());
  try {
    const opened = await ask({ ask: 'open', path, columns });
    const { classes, names } = 'classes' in opened ? opened : { classes: [], names: [] };
    const next = async () => {
      const reply = await ask({ ask: 'next' });
      return 'part' in reply ? reply.part : null;
    };
    return { classes, names, next, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Without a thread, and so without a limit. */
async function ownReader(path: string, columns: readonly Column[]): Promise<Reader> {
  const source = fileSource(path);
  try {
    const { classes, names, parts } = await openParquet(source, columns);
    return { classes, names, next: async () => (await parts.next()).value ?? null, close: () => source.close() };
  } catch (error) {
    source.close();
    throw error;
  }
}

let isSaid = false;
function sayOnce(reason: string): void {
  if (isSaid) return;
  isSaid = true;
  console.warn(
    `warning: no thread can be started to read Parquet files (${reason}); they are read without a limit of time`,
  );
}

function damaged(path: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  const reason = error instanceof Error ? error.message : error;
  const gaveUp = error instanceof GivenUp ? 'the reader was ended: ' : '';
  return new InputError(
    `${path} cannot be read as Parquet, the file is damaged or of another kind: ${gaveUp}${reason}`,
  );
}
