import { InputError } from '../errors.ts';
import { ObjectColumns } from './columns.ts';
import { jsonCells } from './json-rows.ts';
import type { Rows } from './source.ts';

/** Rows that arrive as lines of JSON objects, each given at once; empty lines are none. */
export const jsonLines = (name: string, lines: AsyncIterable<string>): Rows => ({
  name,
  async *parts(columns) {
    const picked = new ObjectColumns(name, columns);
    let number = 0;
    for await (const line of lines) {
      number++;
      if (line.trim() === '') continue;
      const cells = jsonCells(line, columns, picked);
      const row = typeof cells === 'string' ? { number, cells: [], problem: cells } : { number, cells };
      yield { file: name, unit: 'line', rows: [row] };
    }
    if (number === 0) throw new InputError(`${name} is empty; give at least one line.`);
  },
});
