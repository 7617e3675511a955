import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/json.ts';
import { lineChunks } from './bytes.ts';
import type { ChunkOptions } from './chunk-options.ts';
import { ObjectColumns } from './columns.ts';
import { hasFieldTwice, parseJson } from './json-text.ts';
import type { Column, Row } from './source.ts';

/** Reads the named fields of a file with one JSON object on each line. @throws InputError while iterating, as `tableParts` */
export async function* jsonRows(
  path: string,
  columns: readonly Column[],
  options: ChunkOptions,
): AsyncGenerator<Row[], void, undefined> {
  const picked = new ObjectColumns(path, columns);
  let number = 0;
  let isEmpty = true;
  for await (const lines of lineChunks(path, options)) {
    const rows: Row[] = [];
    for (const line of lines) {
      number++;
      const text = line.toString('utf8');
      if (text.trim() === '') continue;
      isEmpty = false;
      const cells = jsonCells(text, columns, picked);
      rows.push(typeof cells === 'string' ? { number, cells: [], problem: cells } : { number, cells });
    }
    picked.check();
    yield rows;
  }
  picked.check(true);
  if (isEmpty) throw new InputError(`${path} is empty`);
}

/** The cells of the text of one object, or what is wrong with it. */
export function jsonCells(text: string, columns: readonly Column[], picked: ObjectColumns): unknown[] | string {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return `not valid JSON: ${oneLine(error instanceof Error ? error.message : String(error))}`;
  }
  if (!isJsonObject(value)) return 'not a JSON object such as {"text": "..."}';
  const cells = picked.pick(value);
  const twice = columns.find(({ name }) => hasFieldTwice(text, name));
  return twice && typeof cells !== 'string' ? `'${twice.name}' is there twice` : cells;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ');
