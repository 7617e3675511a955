import { BadRows } from './bad-rows.ts';
import { jsonList } from './label-cells.ts';
import { RowsBeside } from './rows-beside.ts';
import type { Data, Rows } from './source.ts';
import { rowsOf } from './source-of.ts';
import { usableParts } from './usable-parts.ts';

export interface StreamWordsOptions {
  /** The column with the words, or with texts. Default `tokens`. */
  readonly text?: string;
  /** Leave out rows that cannot be used, instead of an error that lists them. Default false. */
  readonly skipInvalid?: boolean;
  /** Told at the end how many rows were left out. */
  readonly onWarning?: (message: string) => void;
}

/** A text, or a list of words, with other columns of its row. */
export interface WordsRow {
  readonly input: string | readonly string[];
  /** The values of the columns that are kept, in their order. */
  readonly kept: Readonly<Record<string, unknown>>;
}

/**
 * Reads texts, or lists of words, as they arrive, some at a time: from CoNLL files and tables.
 *
 * @throws InputError while iterating, as `readTaggedWords`; where rows cannot be used, some of those before the first one have been given by then
 */
export async function* streamWords(
  data: Data | Rows,
  options: StreamWordsOptions = {},
): AsyncGenerator<WordsRow['input'][], void, undefined> {
  for await (const rows of streamWordRows(data, options)) yield rows.map(({ input }) => input);
}

/**
 * The same with other columns of the rows.
 *
 * @param options.keep the names of the columns
 */
export async function* streamWordRows(
  data: Data | Rows,
  {
    text = 'tokens',
    keep = [],
    skipInvalid = false,
    onWarning,
  }: StreamWordsOptions & { readonly keep?: readonly string[] } = {},
): AsyncGenerator<WordsRow[], void, undefined> {
  const rows = new RowsBeside(rowsOf(data, 'token-classification'), keep, [text]);
  const bad = new BadRows(skipInvalid);
  yield* usableParts(wordRows(rows, text, bad, onWarning), bad, rows.name, onWarning);
}

async function* wordRows(
  rows: RowsBeside,
  text: string,
  bad: BadRows,
  onNote: StreamWordsOptions['onWarning'],
): AsyncGenerator<WordsRow[], void, undefined> {
  for await (const { file, unit, rows: part, notes = [] } of rows.parts([{ name: text }])) {
    for (const note of notes) onNote?.(note);
    const read: WordsRow[] = [];
    for (const { number, cells, problem } of part) {
      const input = problem === undefined ? wordsIn(cells[0]) : null;
      if (input === null) bad.add({ file, unit, number }, problem ?? problemOf(cells[0], text));
      else read.push({ input, kept: rows.keptOf(number, { [text]: cells[0] }) });
    }
    yield read;
  }
}

function wordsIn(cell: unknown): string | readonly string[] | null {
  const list = Array.isArray(cell) ? (cell as unknown[]) : typeof cell === 'string' ? jsonList(cell) : null;
  if (list) return list.every((word) => typeof word === 'string') ? list : null;
  return typeof cell === 'string' && cell !== '' ? cell : null;
}

const problemOf = (cell: unknown, column: string): string =>
  cell === '' || cell === null || cell === undefined
    ? `no value for '${column}'`
    : `'${column}' is neither a text nor a list of words`;
