import { InputError } from '../errors.ts';
import type { BadRows } from './bad-rows.ts';
import type { Column, Part, Row, Rows } from './source.ts';

/** Rows whose cells are texts, without white space around them. */
export interface TextPart extends Pick<Part, 'file' | 'unit' | 'group'> {
  readonly rows: readonly TextRow[];
}

export interface TextRow {
  readonly number: number;
  /** Empty where there is no value. */
  readonly cells: readonly string[];
}

export interface TextRowOptions {
  /** Takes the rows that cannot be used. */
  readonly bad: BadRows;
  /** The column of labels, whose cells may be empty, numbers, truth values and lists, which become JSON; all others must be texts. */
  readonly label?: string;
  /** Told what was assumed to read them, one line each. Default: told at the end with the rows that cannot be used. */
  readonly onNote?: (note: string) => void;
  /** Told the names of a column's classes, where the source has them. */
  readonly onClasses?: (column: string, names: readonly string[]) => void;
}

/**
 * Reads columns of texts and numbers a part at a time, without the rows that cannot be used.
 *
 * @throws InputError while iterating: a column that is named twice, and as the source
 */
export async function* textRows(
  rows: Rows,
  columns: readonly Column[],
  { bad, label, onNote = (note) => bad.note(note), onClasses }: TextRowOptions,
): AsyncGenerator<TextPart, void, undefined> {
  const twice = columns.find(({ name }, i) => columns.findIndex((other) => other.name === name) < i);
  if (twice) throw new InputError(`column '${twice.name}' is named twice; name each column once`);
  const needed = columns.map(({ name, optional, mayBeEmpty = optional }) => !mayBeEmpty && name !== label);
  for await (const part of rows.parts(columns)) {
    for (const [i, names] of part.classes?.entries() ?? []) if (names) onClasses?.(columns[i].name, names);
    const { file, unit, group, notes = [] } = part;
    for (const note of notes) onNote(note);
    const good: TextRow[] = [];
    for (const row of part.rows) {
      const { number } = row;
      const cells = row.problem ?? textsOf(row, part, columns, label);
      if (typeof cells === 'string') {
        bad.add({ file, unit, number }, cells);
        continue;
      }
      const empty = cells.findIndex((cell, i) => cell === '' && needed[i]);
      if (empty >= 0) bad.add({ file, unit, number }, `no value for '${columns[empty].name}'`);
      else good.push({ number, cells });
    }
    if (good.length > 0) yield { file, unit, group, rows: good };
  }
}

/** The class number of an unknown class in Hugging Face's `datasets`. */
const NO_CLASS = -1;

/** The texts of a row's cells, or what is wrong with one. */
function textsOf(
  { cells }: Row,
  { classes }: Part,
  columns: readonly Column[],
  label: string | undefined,
): readonly string[] | string {
  if (!classes && areTexts(cells)) return cells;
  const texts: string[] = [];
  for (let i = 0; i < cells.length; i++) {
    const names = classes?.[i];
    const { name } = columns[i];
    let value = cells[i];
    const classless = names ? [value].flat().find((one) => typeof one === 'number' && !isClass(one, names)) : undefined;
    if (classless !== undefined) return `'${name}' is ${classless}, and the file names ${names?.length} classes`;
    if (name === label && Array.isArray(value)) {
      if (!value.every(isPlain)) return `'${name}' is a list of what is neither a text nor a number`;
      texts.push(JSON.stringify(value.map((one) => (typeof one === 'bigint' ? String(one) : named(one, names)))));
      continue;
    }
    value = named(value, names);
    if (value === Infinity || value === -Infinity) return `'${name}' is ${value}, which is no finite number`;
    if (!isPlain(value)) return `'${name}' is neither a text nor a number`;
    const text = String(value ?? '').trim();
    if (name === label || typeof value === 'string') texts.push(text);
    else if (isMissing(value)) texts.push('');
    else
      return `'${name}' is ${text}, a ${typeof value === 'boolean' ? 'truth value' : 'number'} and no text: write "${text}"`;
  }
  return texts;
}

const isClass = (value: number, names: readonly string[]): boolean => value === NO_CLASS || names[value] !== undefined;

/** The name of a class instead of its number. */
const named = (value: unknown, names: readonly string[] | null | undefined): unknown =>
  names && typeof value === 'number' && value !== NO_CLASS ? names[value] : value;

/** Whether a cell is a text, a number, a truth value or empty. */
const isPlain = (value: unknown): boolean => value === null || !['object', 'function', 'symbol'].includes(typeof value);

/** Whether a cell of a column of texts has no value; `NaN` stands for that in tables of numbers. */
const isMissing = (value: unknown): boolean => value === null || value === undefined || Number.isNaN(value);

/** Whether cells are what a reader needs, as most of a table are: no copy is made of them. */
const areTexts = (cells: readonly unknown[]): cells is readonly string[] =>
  cells.every((cell) => typeof cell === 'string' && cell.trim() === cell);
