import { InputError } from '../../errors.ts';
import { shown } from '../../settings/index.ts';
import { ObjectColumns } from '../columns.ts';
import { type Column, type MemoryRows, type Part, type Row, type Rows, type SourceKind, unsplit } from '../source.ts';

/** Rows of one part. */
const PART = 1000;

/** Iterables that give their rows once and have been read. */
const opened = new WeakSet<object>();

/**
 * Rows in the memory of a program, or computed by it: objects whose fields are the columns.
 *
 * @param name what messages call them: the setting or argument that they came with
 */
export const memoryRows = (rows: MemoryRows, name = 'data'): Rows => ({
  name,
  parts: (columns) => parts(rows, name, columns),
});

async function* parts(
  rows: MemoryRows,
  file: string,
  columns: readonly Column[],
): AsyncGenerator<Part, void, undefined> {
  const picked = new ObjectColumns(file, columns);
  let part: Row[] = [];
  let number = 0;
  const isFirst = isFirstReading(rows, file);
  for await (const row of rows as Iterable<object> | AsyncIterable<object>) {
    part.push(rowOf(++number, row, picked));
    if (part.length < PART) continue;
    picked.check();
    yield { file, unit: 'row', rows: part };
    part = [];
  }
  picked.check(true);
  if (number === 0) throw isFirst ? new InputError(`${file} has no rows`) : usedUp(file);
  if (part.length > 0) yield { file, unit: 'row', rows: part };
}

function rowOf(number: number, row: unknown, picked: ObjectColumns): Row {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    return { number, cells: [], problem: `${shown(row)} is not an object such as { text: '...' }` };
  }
  const cells = picked.pick(row as Readonly<Record<string, unknown>>);
  return typeof cells === 'string' ? { number, cells: [], problem: cells } : { number, cells };
}

/** Remembers that rows are read. @throws InputError for an iterator that has been read before */
function isFirstReading(rows: MemoryRows, name: string): boolean {
  const isFirst = !opened.has(rows);
  // What a generator returns is its own iterator. A stream is not, but has no rows either the second time.
  if (!isFirst && 'next' in rows) throw usedUp(name);
  opened.add(rows);
  return isFirst;
}

const usedUp = (name: string): InputError =>
  new InputError(
    `${name} has been read, and an iterator or a stream gives its rows once only; give an array, or an object whose [Symbol.asyncIterator] begins anew each time.`,
  );

/** Objects, or what gives objects. */
export const memory: SourceKind = ({ data, setting }) => {
  if (typeof data !== 'object' || data === null || 'open' in data) return null;
  if (Array.isArray(data)) {
    return data.length > 0 && data.every((row) => typeof row === 'string') ? null : unsplit(memoryRows(data, setting));
  }
  const isIterable = Symbol.asyncIterator in data || Symbol.iterator in data;
  return isIterable ? unsplit(memoryRows(data as MemoryRows, setting)) : null;
};
