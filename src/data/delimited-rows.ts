import { InputError } from '../errors.ts';
import { lineChunks } from './bytes.ts';
import type { ChunkOptions, TableOptions } from './chunk-options.ts';
import { missingColumn } from './columns.ts';
import { csvRecords } from './csv.ts';
import { DELIMITER_REMEDY } from './delimiters.ts';
import type { Column, Row } from './source.ts';

type RowChunks = AsyncGenerator<Row[], void, undefined>;

/** Reads the named columns of a CSV file, with ',' or another delimiter. @throws InputError while iterating, as `tableParts` */
export async function* csvRows(path: string, columns: readonly Column[], options: TableOptions): RowChunks {
  let header: Header | null = null;
  for await (const records of csvRecords(path, options)) {
    const rows: Row[] = [];
    for (const { line: number, cells, problem } of records) {
      if (problem !== undefined) rows.push({ number, cells: [], problem });
      else if (header) rows.push(pick(header, number, cells.length, (position) => cells[position]));
      else header = headerOf(path, columns, cells);
    }
    yield rows;
  }
  if (!header) throw new InputError(`${path} is empty`);
}

/** Reads the named columns of a file with TABs. @throws InputError while iterating, as `tableParts` */
export async function* tsvRows(path: string, columns: readonly Column[], options: ChunkOptions): RowChunks {
  let header: Header | null = null;
  for await (const lines of tabLines(path, options)) {
    const rows: Row[] = [];
    for (const { number, fields } of lines) {
      // Each field is decoded alone: a part of a longer text would keep all of it in memory.
      const cell = (position: number) => fields[position].toString('utf8').trim();
      if (header) rows.push(pick(header, number, fields.length, cell, 'TAB-separated '));
      else header = headerOf(path, columns, Array.from(fields.keys(), cell));
    }
    yield rows;
  }
  if (!header) throw new InputError(`${path} is empty`);
}

/** One line that is not empty. */
export interface TabLine {
  /** From 1. */
  readonly number: number;
  readonly fields: readonly Buffer[];
}

/** The lines of a file with TABs, cut into fields, those of one chunk at a time; empty lines are left out. */
export async function* tabLines(path: string, options: ChunkOptions = {}): AsyncGenerator<TabLine[], void, undefined> {
  let number = 0;
  for await (const lines of lineChunks(path, options)) {
    const cut: TabLine[] = [];
    for (const line of lines) {
      number++;
      if (line.length > 0) cut.push({ number, fields: tabFields(line) });
    }
    yield cut;
  }
}

const TAB = 9;

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

/** The places of the columns. */
interface Header {
  readonly width: number;
  /** -1: the column is missing, and may be. */
  readonly positions: readonly number[];
}

function headerOf(path: string, columns: readonly Column[], names: readonly string[]): Header {
  const positions = columns.map(({ name, optional }) => {
    const position = names.indexOf(name);
    if (position < 0 && !optional) throw missingCell(path, name, names);
    if (position >= 0 && names.includes(name, position + 1)) {
      throw new InputError(`${path} has two columns '${name}'; rename one of them in its header`);
    }
    return position;
  });
  return { width: names.length, positions };
}

/** A header of one column may be cut at the wrong character. */
function missingCell(path: string, column: string, names: readonly string[]): InputError {
  const error = missingColumn(path, column, names);
  if (names.length > 1) return error;
  return new InputError(`${error.message}: if that is several, say what separates them with ${DELIMITER_REMEDY}`);
}

function pick(
  { width, positions }: Header,
  number: number,
  count: number,
  cell: (position: number) => string,
  kind = '',
): Row {
  if (count !== width) return { number, cells: [], problem: `${count} ${kind}columns where the header has ${width}` };
  return { number, cells: positions.map((position) => (position < 0 ? undefined : cell(position))) };
}
