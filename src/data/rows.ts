import { extname } from 'node:path';
import { parse } from 'csv-parse/sync';
import { InputError } from '../errors.ts';
import { readText } from './files.ts';

/** The cells of one record. `line` counts from 1; for a CSV record of several lines it is the last. */
export interface Row {
  line: number;
  cells: string[];
}

/**
 * The named columns of a `.csv`, `.tsv`, `.jsonl` or `.ndjson` file: row by row, cells in the order of `columns`, without
 * surrounding white space. CSV and TSV start with a header. CSV is quoted as in RFC 4180; a TSV field is what stands between
 * two TABs, and quotes are part of it.
 * @throws InputError naming the file, and the line or the column: another extension, unreadable, broken, no rows, a column
 * that is not there, an empty cell.
 */
export function readColumns(path: string, columns: readonly string[]): Row[] {
  const rows = pickColumns(path, columns);
  if (rows.length === 0) throw new InputError(`${path} has no rows below its header`);
  return rows.map(({ line, cells }) => ({
    line,
    cells: cells.map((cell, i) => {
      const trimmed = cell.trim();
      if (trimmed === '') throw new InputError(`${path}, line ${line}: no value for '${columns[i]}'`);
      return trimmed;
    }),
  }));
}

function pickColumns(path: string, columns: readonly string[]): Row[] {
  switch (extname(path).toLowerCase()) {
    case '.csv':
      return underHeader(path, columns, readCsv(path));
    case '.tsv':
      return underHeader(path, columns, readTsv(path));
    case '.jsonl':
    case '.ndjson':
      return readJsonLines(path, columns);
    default:
      throw new InputError(`${path}: the name must end in .csv, .tsv, .jsonl or .ndjson, which tells the format`);
  }
}

/**
 * The rows of a TAB-separated file, its header (if it has one) included; empty lines are left out.
 * @throws InputError if the file cannot be read or a row is not as wide as the first.
 */
export function readTsv(path: string): Row[] {
  const lines = numberedLines(path).filter(({ text }) => text !== '');
  const rows = lines.map(({ line, text }) => ({ line, cells: text.split('\t') }));
  const width = rows[0].cells.length;
  for (const { line, cells } of rows) {
    if (cells.length !== width) {
      throw new InputError(`${path}, line ${line}: ${cells.length} TAB-separated columns where line 1 has ${width}`);
    }
  }
  return rows;
}

function readCsv(path: string): Row[] {
  const text = readText(path);
  const rows: Row[] = [];
  try {
    parse(text, {
      skip_empty_lines: true,
      trim: true,
      on_record: (cells: string[], { lines }) => {
        rows.push({ line: lines, cells });
        return null;
      },
    });
  } catch (error) {
    throw new InputError(`${path} is not well-formed CSV: ${error instanceof Error ? error.message : error}`);
  }
  return rows;
}

function underHeader(path: string, columns: readonly string[], [header, ...rows]: Row[]): Row[] {
  const names = header.cells.map((name) => name.trim());
  const positions = columns.map((column) => {
    if (!names.includes(column)) throw missingColumn(path, column, names);
    return names.indexOf(column);
  });
  return rows.map(({ line, cells }) => ({ line, cells: positions.map((position) => cells[position]) }));
}

function readJsonLines(path: string, columns: readonly string[]): Row[] {
  const lines = numberedLines(path).filter(({ text }) => text.trim() !== '');
  return lines.map(({ line, text }) => {
    const place = `${path}, line ${line}`;
    const object = parseObject(place, text);
    const cells = columns.map((column) => {
      if (!Object.hasOwn(object, column)) throw missingColumn(place, column, Object.keys(object));
      const value = object[column] ?? '';
      if (typeof value === 'object') throw new InputError(`${place}: '${column}' is neither a text nor a number`);
      return String(value);
    });
    return { line, cells };
  });
}

function parseObject(place: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${place} is not valid JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(`${place} is not a JSON object such as {"text": "..."}`);
  }
  return value as Record<string, unknown>;
}

function missingColumn(place: string, column: string, names: string[]): InputError {
  return new InputError(`${place} has no column '${column}'; it has ${names.map((name) => `'${name}'`).join(', ')}`);
}

function numberedLines(path: string): { line: number; text: string }[] {
  return readText(path)
    .split('\n')
    .map((text, i) => ({ line: i + 1, text }));
}
