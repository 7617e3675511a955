import { extname } from 'node:path';
import { InputError } from '../errors.ts';
import { checkNewFile, NewFile } from '../io/index.ts';
import { csvLine, jsonLine, tsvLine } from './row-lines.ts';

/** A table that is written some rows at a time. */
export interface RowFile {
  /** Adds rows: their values by column; one that is left out is empty. @throws InputError for bytes, naming the column */
  write(rows: readonly RowValues[]): Promise<void>;
  /** Gives the file its name. */
  commit(): Promise<void>;
  /** Removes what was written, unless it has its name. */
  discard(): void;
}

export type RowValues = Readonly<Record<string, unknown>>;

/** What a row looks like as a line, and the line that stands above all. */
interface LineFormat {
  readonly head: (columns: readonly string[]) => string;
  readonly line: (columns: readonly string[], row: RowValues) => string;
}

const delimited = (line: (cells: readonly unknown[]) => string): LineFormat => ({
  head: line,
  line: (columns, row) => line(columns.map((column) => (Object.hasOwn(row, column) ? row[column] : undefined))),
});
const json: LineFormat = { head: () => '', line: (_columns, row) => jsonLine(row) };

const lineFormats: Readonly<Record<string, LineFormat>> = {
  '.csv': delimited(csvLine),
  '.tsv': delimited(tsvLine),
  '.jsonl': json,
  '.ndjson': json,
};

/** The endings of files that {@link openRowFile} writes. */
export const rowFormats: readonly string[] = [...Object.keys(lineFormats), '.parquet'];

const endingOf = (path: string): string => extname(path).toLowerCase();

/** Checks before any work what {@link openRowFile} would refuse. @throws InputError as it does */
export async function checkRowFile(path: string, options: { readonly overwrite?: boolean } = {}): Promise<void> {
  if (!rowFormats.includes(endingOf(path))) {
    throw new InputError(`${path}: its name must end in ${rowFormats.join(', ')}, which tells the format.`);
  }
  checkNewFile(path, options);
  if (endingOf(path) === '.parquet') await (await import('./parquet-file.ts')).parquetLibrary();
}

/**
 * Opens a `.csv`, `.tsv`, `.jsonl`, `.ndjson` or `.parquet` file to write. It takes its name when it is complete.
 *
 * @param columns the columns, in their order
 * @throws InputError for another ending, a column that is there twice, a file that is there already, without `overwrite`, and for Parquet
 *   where the library is not installed
 */
export async function openRowFile(
  path: string,
  columns: readonly string[],
  options: { readonly overwrite?: boolean } = {},
): Promise<RowFile> {
  await checkRowFile(path, options);
  const twice = columns.find((column, i) => columns.indexOf(column) < i);
  if (twice !== undefined)
    throw new InputError(`${path} would have two columns '${twice}'; rename the one of the input.`);
  if (endingOf(path) === '.parquet') {
    const { openParquetFile } = await import('./parquet-file.ts');
    const file = await openParquetFile(path, columns, options);
    const write = async (rows: readonly RowValues[]) => {
      refuseBytes(path, rows);
      await file.write(rows);
    };
    return { ...file, write };
  }
  const { head, line } = lineFormats[endingOf(path)];
  const file = new NewFile(path, options);
  file.write(head(columns));
  return {
    write: async (rows) => {
      refuseBytes(path, rows);
      file.write(rows.map((row) => line(columns, row)).join(''));
    },
    commit: async () => file.commit(),
    discard: () => file.discard(),
  };
}

/** Bytes of some rows would stand beside texts of others, and no reader could tell which is which. */
function refuseBytes(path: string, rows: readonly RowValues[]): void {
  for (const row of rows) {
    const name = Object.keys(row).find((column) => row[column] instanceof Uint8Array);
    if (name !== undefined) {
      throw new InputError(
        `${path}: column '${name}' holds bytes, which no table of texts keeps; take the column out of the input.`,
      );
    }
  }
}
