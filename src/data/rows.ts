import { extname } from 'node:path';
import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/json.ts';
import type { BadRows } from './bad-rows.ts';
import { lineChunks } from './bytes.ts';
import type { ChunkOptions } from './chunk-options.ts';
import { csvRecords } from './csv.ts';
import { readText } from './files.ts';
import { hasFieldTwice, parseJson } from './json-text.ts';
import { parquetParts } from './parquet.ts';
import { quoted } from './quoted.ts';

/** The cells of one record. */
export interface Row {
  /** The line of a text, which for a CSV record of several lines is the last; the row of a Parquet file. Both count from 1. */
  readonly number: number;
  /** Without white space around them; empty where there is no value. */
  readonly cells: string[];
  /** What is wrong with the record as a whole; then there are no cells. */
  readonly problem?: string;
}

/** The endings of files that {@link readRows} reads. */
export const tableFormats: readonly string[] = ['.parquet', '.jsonl', '.ndjson', '.csv', '.tsv'];

/** Whether a path names a table, by its ending. */
export const isTable = (path: string): boolean => tableFormats.includes(extname(path).toLowerCase());

/** What rows of a file are counted by in messages. */
export const unitOf = (path: string): 'line' | 'row' => (extname(path).toLowerCase() === '.parquet' ? 'row' : 'line');

/** A row that can be used, and where it stands. */
export interface GoodRow {
  readonly file: string;
  readonly number: number;
  readonly cells: readonly string[];
}

export interface ReadRowsOptions extends ChunkOptions {
  /** Takes the rows that cannot be used. */
  readonly bad: BadRows;
  /** A column whose cells may be empty. */
  readonly optional?: string;
  /** Told the names of a column's classes, where a file has them. */
  readonly onClasses?: (column: string, names: readonly string[]) => void;
}

/**
 * Reads the named columns of `.csv`, `.tsv`, `.jsonl`, `.ndjson` or `.parquet` files a part at a time, so that a file of any size can be
 * read: row by row, cells in the order of `columns`. CSV and TSV start with a header. CSV is quoted as in RFC 4180; a TSV field is what
 * stands between two TABs, and quotes are part of it.
 *
 * @throws InputError while iterating, naming the file, and the line or the column: another extension, unreadable, no rows, a column that
 *   is not there or is there twice. What is wrong with single rows goes to `options.bad`.
 */
export async function* readRows(
  paths: readonly string[],
  columns: readonly string[],
  { bad, optional, ...options }: ReadRowsOptions,
): AsyncGenerator<GoodRow[], void, undefined> {
  const twice = columns.find((column, i) => columns.indexOf(column) < i);
  if (twice !== undefined) throw new InputError(`column '${twice}' is named twice; name each column once`);
  for (const file of paths) {
    const unit = unitOf(file);
    let count = 0;
    for await (const rows of rowsOf(file, columns, options)) {
      count += rows.length;
      const good: GoodRow[] = [];
      for (const { number, cells, problem } of rows) {
        const empty = cells.findIndex((cell, i) => cell === '' && columns[i] !== optional);
        if (problem !== undefined) bad.add({ file, unit, number }, problem);
        else if (empty >= 0) bad.add({ file, unit, number }, `no value for '${columns[empty]}'`);
        else good.push({ file, number, cells });
      }
      if (good.length > 0) yield good;
    }
    if (count === 0) throw new InputError(`${file} has no rows below its header`);
  }
}

type RowChunks = AsyncGenerator<Row[], void, undefined>;

function rowsOf(
  path: string,
  columns: readonly string[],
  options: Omit<ReadRowsOptions, 'bad' | 'optional'>,
): RowChunks {
  switch (extname(path).toLowerCase()) {
    case '.csv':
      return csvRows(path, columns, options);
    case '.tsv':
      return tsvRows(path, columns, options);
    case '.jsonl':
    case '.ndjson':
      return jsonRows(path, columns, options);
    case '.parquet':
      return parquetRows(path, columns, options);
    default:
      throw new InputError(
        `${path}: the name must end in .csv, .tsv, .jsonl, .ndjson or .parquet, which tells the format`,
      );
  }
}

async function* csvRows(path: string, columns: readonly string[], options: ChunkOptions): RowChunks {
  let header: Header | null = null;
  for await (const records of csvRecords(path, options)) {
    const rows: Row[] = [];
    for (const { line: number, cells, problem } of records) {
      if (problem !== undefined) rows.push({ number, cells: [], problem });
      else if (header) rows.push({ number, ...pick(header, cells.length, (position) => cells[position].trim()) });
      else header = headerOf(path, columns, cells);
    }
    yield rows;
  }
  if (!header) throw new InputError(`${path} is empty`);
}

async function* tsvRows(path: string, columns: readonly string[], options: ChunkOptions): RowChunks {
  let header: Header | null = null;
  let number = 0;
  for await (const lines of lineChunks(path, options)) {
    const rows: Row[] = [];
    for (const line of lines) {
      number++;
      if (line.length === 0) continue;
      const fields = tabFields(line);
      // Each field is decoded alone: a part of a longer text would keep all of it in memory.
      const cell = (position: number) => fields[position].toString('utf8').trim();
      if (header) rows.push({ number, ...pick(header, fields.length, cell, 'TAB-separated ') });
      else
        header = headerOf(
          path,
          columns,
          fields.map((_, position) => cell(position)),
        );
    }
    yield rows;
  }
  if (!header) throw new InputError(`${path} is empty`);
}

function tabFields(line: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  let from = 0;
  for (let at = line.indexOf(TAB); at >= 0; at = line.indexOf(TAB, from)) {
    fields.push(line.subarray(from, at));
    from = at + 1;
  }
  fields.push(line.subarray(from));
  return fields;
}

const TAB = 9;

/** Where the columns stand. */
interface Header {
  readonly width: number;
  readonly positions: readonly number[];
}

function headerOf(path: string, columns: readonly string[], names: readonly string[]): Header {
  const positions = columns.map((column) => {
    const position = names.indexOf(column);
    if (position < 0) throw missingColumn(path, column, names);
    if (names.indexOf(column, position + 1) >= 0) {
      throw new InputError(`${path} has two columns '${column}'; rename one of them in its header`);
    }
    return position;
  });
  return { width: names.length, positions };
}

function pick(
  { width, positions }: Header,
  count: number,
  cell: (position: number) => string,
  kind = '',
): Omit<Row, 'number'> {
  if (count === width) return { cells: positions.map(cell) };
  return { cells: [], problem: `${count} ${kind}columns where the header has ${width}` };
}

/** A field that so many objects lack is no column; one that only some lack is missing there. */
const ENOUGH = 1000;

async function* jsonRows(path: string, columns: readonly string[], options: ChunkOptions): RowChunks {
  const missing = new Set(columns);
  let first: string[] | null = null;
  let number = 0;
  let objects = 0;
  let isEmpty = true;
  for await (const lines of lineChunks(path, options)) {
    const rows: Row[] = [];
    for (const line of lines) {
      number++;
      const text = line.toString('utf8');
      if (text.trim() === '') continue;
      isEmpty = false;
      const object = parseObject(text);
      if (typeof object === 'string') rows.push({ number, cells: [], problem: object });
      else {
        first ??= Object.keys(object);
        objects++;
        for (const column of missing) if (Object.hasOwn(object, column)) missing.delete(column);
        rows.push({ number, ...objectCells(text, object, columns) });
      }
    }
    if (first && missing.size > 0 && objects >= ENOUGH) throw missingColumn(path, [...missing][0], first);
    yield rows;
  }
  if (first && missing.size > 0) throw missingColumn(path, [...missing][0], first);
  if (isEmpty) throw new InputError(`${path} is empty`);
}

function objectCells(
  text: string,
  object: Readonly<Record<string, unknown>>,
  columns: readonly string[],
): Omit<Row, 'number'> {
  const cells: string[] = [];
  for (const column of columns) {
    if (!Object.hasOwn(object, column)) return { cells: [], problem: `there is no '${column}'` };
    if (hasFieldTwice(text, column)) return { cells: [], problem: `'${column}' is there twice` };
    const cell = asText(object[column]);
    if (cell === null) return { cells: [], problem: `'${column}' is neither a text nor a number` };
    cells.push(cell);
  }
  return { cells };
}

async function* parquetRows(
  path: string,
  columns: readonly string[],
  { onClasses }: Pick<ReadRowsOptions, 'onClasses'>,
): RowChunks {
  let number = 0;
  for await (const { classes, part } of parquetParts(path, columns)) {
    for (const [i, names] of classes.entries()) if (names && number === 0) onClasses?.(columns[i], names);
    yield part.map((values): Row => {
      number++;
      const cells: string[] = [];
      for (const [i, value] of values.entries()) {
        const names = classes[i];
        const cell = asText(names && value !== NO_CLASS ? (names[value as number] ?? value) : value);
        if (cell === null) return { number, cells: [], problem: `'${columns[i]}' is neither a text nor a number` };
        if (names && cell !== '' && value !== NO_CLASS && typeof value === 'number' && names[value] === undefined) {
          return {
            number,
            cells: [],
            problem: `'${columns[i]}' is ${value}, and the file names ${names.length} classes`,
          };
        }
        cells.push(cell);
      }
      return { number, cells };
    });
  }
}

/** What Hugging Face's `datasets` has for a class that is not known. */
const NO_CLASS = -1;

/** The text of a cell; null if it has none. */
function asText(value: unknown): string | null {
  if (typeof value === 'object' && value !== null) return null;
  return String(value ?? '').trim();
}

/** The object, or what is wrong with the text. */
function parseObject(text: string): Readonly<Record<string, unknown>> | string {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return `not valid JSON: ${oneLine(error instanceof Error ? error.message : String(error))}`;
  }
  return isJsonObject(value) ? value : 'not a JSON object such as {"text": "..."}';
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ');

function missingColumn(path: string, column: string, names: readonly string[]): InputError {
  const separator = names.length === 1 ? [';', '\t', '|', ','].find((other) => names[0].includes(other)) : undefined;
  const hint =
    separator &&
    `; are its cells separated by ${separator === '\t' ? 'TABs' : `'${separator}'`}? CSV has ',' between them, TSV a TAB`;
  return new InputError(`${path} has no column '${column}'; it has ${names.map(quoted).join(', ')}${hint ?? ''}`);
}

/** The line of a TAB-separated file. */
export interface TsvLine extends Row {
  /** All fields, as they stand there. */
  readonly cells: string[];
}

/**
 * The lines of a small TAB-separated file, its header (if it has one) included; empty lines are left out. A line that is not as wide as
 * the first has a `problem`.
 * @throws InputError if the file cannot be read
 */
export function readTsv(path: string): TsvLine[] {
  const lines = readText(path)
    .split('\n')
    .map((text, i) => ({ number: i + 1, cells: text.split('\t'), text }))
    .filter(({ text }) => text !== '');
  const width = lines[0].cells.length;
  return lines.map(({ number, cells }) => {
    if (cells.length === width) return { number, cells };
    const problem = `${cells.length} TAB-separated columns where line 1 has ${width}`;
    return { number, cells, problem };
  });
}
