import { Option } from 'commander';
import {
  type Example,
  isTable,
  jsonLines,
  type Rows,
  readLines,
  sourceOf,
  streamRows,
  type TableRow,
  tableColumns,
} from '../data/index.ts';
import { InputError } from '../errors.ts';
import { type RunSettings, taskOf, textsOf, usedTask } from '../training/index.ts';
import { UsageError } from './errors.ts';
import { note, warn } from './output.ts';
import { shared } from './setting-options.ts';

const BATCH_SIZE = 32;

export const inputOption = () => new Option('-i, --input <file>', 'file to read (default: lines of standard input)');

export const textOption = () =>
  shared('text', { description: 'columns of a .csv, .tsv, .jsonl or .parquet input with the text' });

/** Kinds of input lines. `either`: a line is a pair if there is a TAB in it. */
export type InputKind = 'text' | 'pair' | 'either';

/** Returns the kind of input that a run's model reads. */
export function inputKind(settings: RunSettings): InputKind {
  if (usedTask(taskOf(settings)).name !== 'text-classification') return 'text';
  const texts = textsOf(settings);
  return texts === null ? 'either' : texts === 2 ? 'pair' : 'text';
}

export interface InputOptions {
  /** A file; standard input without one. */
  readonly input?: string;
  /** The columns that the user named. */
  readonly text?: readonly string[];
  /** The columns of a table when the user named none. */
  readonly columns?: readonly string[];
  readonly kind: InputKind;
  /** The columns that come along with the texts; see {@link inputColumns}. */
  readonly keep?: readonly string[];
  /** How a table is written. Default: told by the file. */
  readonly delimiter?: string;
  readonly encoding?: string;
  /** Rows of a table that cannot be used are left out, with a warning that counts them. */
  readonly skipInvalid?: boolean;
}

/** @throws UsageError for a delimiter or an encoding of what is no table */
export function checkTableOptions({
  input,
  delimiter,
  encoding,
}: Pick<InputOptions, 'input' | 'delimiter' | 'encoding'>): void {
  if ((delimiter === undefined && encoding === undefined) || (input !== undefined && isTable(input))) return;
  throw new UsageError(`--${delimiter === undefined ? 'encoding' : 'delimiter'} goes with a table as --input.`);
}

/** Checks what can be said before a model is loaded. @throws UsageError for what only the rows of a table can have */
export function checkInput({
  input,
  text,
  skipInvalid,
  delimiter,
  encoding,
}: Omit<InputOptions, 'columns' | 'kind' | 'keep'>): void {
  if (input !== undefined && isTable(input)) return;
  checkTableOptions({ delimiter, encoding });
  if (skipInvalid) throw new UsageError('--skip-invalid goes with rows of a table; lines of a text can all be used.');
  if (text) throw new UsageError('--text names columns, which only a .csv, .tsv, .jsonl or .parquet --input has.');
}

/**
 * The texts to work on, in batches, as they arrive: the named columns of a table, or the lines of any other file or of standard
 * input.
 *
 * @throws UsageError if columns are missing; InputError while iterating, if the input is unreadable or empty
 */
export async function* readInput(options: InputOptions): AsyncGenerator<Example[]> {
  for await (const rows of readRows(options)) yield rows.map(({ example }) => example);
}

/** The same with the columns that are kept; those of lines are `text` and, in pairs, `textPair`. */
export async function* readRows(options: InputOptions): AsyncGenerator<TableRow[]> {
  const { input, kind, keep, skipInvalid } = options;
  if (input !== undefined && isTable(input)) {
    const rows = streamRows(tableOf(input, options), {
      text: textColumns(input, options),
      keep,
      skipInvalid,
      onWarning: warn,
    });
    yield* inBatches(each(rows), BATCH_SIZE);
    return;
  }
  // Interactive input: every line gets its answer at once.
  const isTyped = input === undefined && process.stdin.isTTY;
  if (isTyped) note('reading lines from standard input, Ctrl-D ends them');
  for await (const examples of inBatches(readExamples(input, kind), isTyped ? 1 : BATCH_SIZE)) {
    yield examples.map((example) => ({ example, kept: { ...example } }));
  }
}

/** The rows of a table as it is written, or of what files of a task are. */
export function tableOf(
  input: string,
  { delimiter, encoding }: Pick<InputOptions, 'delimiter' | 'encoding'>,
  task?: string,
): Rows | string {
  return sourceOf({ data: input, delimiter, encoding, task }).open('train') ?? input;
}

/** The rows of JSON lines in any file, or in standard input. */
export function jsonRowsOf(input: string | undefined): Rows {
  if (input === undefined && process.stdin.isTTY) note('reading JSON lines from standard input, Ctrl-D ends them');
  return jsonLines(input ?? 'standard input', readLines(input ?? process.stdin));
}

/** @throws UsageError if none are named */
function textColumns(
  input: string,
  { text, columns = text }: Pick<InputOptions, 'text' | 'columns'>,
): readonly string[] {
  if (!columns) throw new UsageError(`--text is missing: the columns of ${input} with the text.`);
  return text ?? columns;
}

/**
 * The columns that are written beside predictions: those of the texts, or all of a table.
 *
 * @throws UsageError if the text columns are not named, InputError if the table cannot be read
 */
export async function inputColumns(options: InputOptions, keepsAll: boolean): Promise<readonly string[]> {
  const { input, kind } = options;
  if (input === undefined || !isTable(input)) return kind === 'text' ? ['text'] : ['text', 'textPair'];
  const texts = textColumns(input, options);
  return keepsAll ? tableColumns(input, texts, options) : texts;
}

/** @throws UsageError if there are more or fewer columns than texts that the model reads */
export function checkColumns(columns: readonly string[] | undefined, kind: InputKind): void {
  const count = { text: 1, pair: 2, either: undefined }[kind];
  if (!columns || !count || columns.length === count) return;
  throw new UsageError(
    `--text names ${columns.length} column(s); the model was trained on ${count === 2 ? 'pairs of texts' : 'single texts'}.`,
  );
}

async function* readExamples(input: string | undefined, kind: InputKind): AsyncGenerator<Example> {
  const name = input ?? 'standard input';
  let line = 0;
  for await (const text of readLines(input ?? process.stdin)) yield parseLine(text, kind, `${name}, line ${++line}`);
  if (line === 0) throw new InputError(`${name} is empty; give at least one line of text.`);
}

function parseLine(text: string, kind: InputKind, place: string): Example {
  if (kind === 'text') return { text };
  const cells = text.split('\t');
  if (cells.length === 2) return { text: cells[0], textPair: cells[1] };
  if (kind === 'either') return { text };
  throw new InputError(`${place}: ${cells.length} columns; a pair of texts is needed, with one TAB between them.`);
}

async function* each<T>(parts: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const part of parts) yield* part;
}

/** Groups incoming values into arrays of `size`, the last one possibly smaller. */
async function* inBatches<T>(items: AsyncIterable<T> | Iterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
