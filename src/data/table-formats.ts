import { extname } from 'node:path';
import { InputError } from '../errors.ts';
import type { TableOptions } from './chunk-options.ts';
import { csvRows, tsvRows } from './delimited-rows.ts';
import { dialectOf } from './dialect.ts';
import { jsonRows } from './json-rows.ts';
import { parquetParts } from './parquet.ts';
import type { Column, Part, Row } from './source.ts';

type Chunks = AsyncIterable<Pick<Part, 'rows' | 'classes' | 'notes'>>;
type Format = (path: string, columns: readonly Column[], options: TableOptions) => Chunks;

/** The readers of each file extension; of several formats of one table the first is taken. */
const formats: Readonly<Record<string, Format>> = {
  '.parquet': parquetChunks,
  '.jsonl': (...args) => chunksOf(jsonRows(...args)),
  '.ndjson': (...args) => chunksOf(jsonRows(...args)),
  '.csv': (...args) => delimited(',', ...args),
  '.tsv': (...args) => delimited('\t', ...args),
};

/** The endings of files that {@link tableParts} reads. */
export const tableFormats: readonly string[] = Object.keys(formats);

const endingOf = (path: string): string => extname(path).toLowerCase();

/** Whether a path names a table, by its extension. */
export const isTable = (path: string): boolean => tableFormats.includes(endingOf(path));

/**
 * Reads the named columns of a `.csv`, `.tsv`, `.jsonl`, `.ndjson` or `.parquet` file a part at a time, so that a file of any size can
 * be read. CSV and TSV start with a header. CSV is quoted as in RFC 4180; a TSV field is what stands between two TABs, and quotes are
 * part of it. Another delimiter than that of its ending is told by the header, and the first part says so; a `.tsv` file with another
 * one is CSV.
 *
 * @throws InputError while iterating, naming the file, and the line or the column: another ending, unreadable, no rows, a column that
 *   is not there or is there twice
 */
export async function* tableParts(
  path: string,
  columns: readonly Column[],
  { encoding = 'utf-8', ...options }: TableOptions = {},
): AsyncGenerator<Part, void, undefined> {
  if (!isTable(path)) {
    throw new InputError(
      `${path}: the name must end in .csv, .tsv, .jsonl, .ndjson or .parquet, which tells the format`,
    );
  }
  const unit = endingOf(path) === '.parquet' ? 'row' : 'line';
  let isEmpty = true;
  for await (const chunk of formats[endingOf(path)](path, columns, { ...options, encoding })) {
    if (chunk.rows.length === 0) continue;
    isEmpty = false;
    yield { file: path, unit, ...chunk };
  }
  if (isEmpty) throw new InputError(`${path} has no rows below its header`);
}

async function* delimited(
  usual: string,
  path: string,
  columns: readonly Column[],
  options: TableOptions,
): AsyncGenerator<Pick<Part, 'rows' | 'notes'>> {
  const { delimiter, note } = await dialectOf(path, columns, usual, options);
  const isTsv = usual === '\t' && delimiter === usual;
  const rows = isTsv ? tsvRows(path, columns, options) : csvRows(path, columns, { ...options, delimiter });
  let notes = note === undefined ? [] : [note];
  for await (const chunk of chunksOf(rows)) {
    yield { ...chunk, notes };
    if (chunk.rows.length > 0) notes = [];
  }
}

async function* chunksOf(parts: AsyncIterable<readonly Row[]>): AsyncGenerator<Pick<Part, 'rows'>> {
  for await (const rows of parts) yield { rows };
}

async function* parquetChunks(path: string, columns: readonly Column[]): Chunks {
  let number = 0;
  for await (const { classes, part } of parquetParts(path, columns)) {
    yield { classes, rows: part.map((cells) => ({ number: ++number, cells })) };
  }
}
