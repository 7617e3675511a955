import { extname } from 'node:path';
import { Option } from 'commander';
import { type Example, readLines, readTable } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { UsageError } from './errors.ts';
import { textColumns } from './options.ts';
import { note } from './output.ts';

export const inputOption = () => new Option('-i, --input <file>', 'file to read (default: lines of standard input)');

export const textOption = () =>
  new Option('--text <column[,column]>', 'columns of a .csv, .tsv or .jsonl input with the text').argParser(
    textColumns,
  );

/** What a line without columns holds. `auto`: a pair if there is a TAB in it. */
export type LineKind = 'text' | 'pair' | 'auto';

/**
 * The texts to work on, as they arrive: the named columns of a table, or the lines of any other file or of standard input.
 *
 * @throws InputError while iterating, if the input is unreadable, empty or not as promised
 */
export async function* readInput(
  input: string | undefined,
  columns: readonly string[] | undefined,
  kind: LineKind,
): AsyncGenerator<Example> {
  if (input !== undefined && /^\.(csv|tsv|jsonl|ndjson)$/i.test(extname(input))) {
    if (!columns) throw new UsageError(`--text is missing: the columns of ${input} with the text.`);
    yield* readTable(input, { text: columns }).examples;
    return;
  }
  const name = input ?? 'standard input';
  if (input === undefined && process.stdin.isTTY) note('reading lines from standard input, Ctrl-D ends them');
  let line = 0;
  for await (const text of readLines(input ?? process.stdin)) yield parseLine(text, kind, `${name}, line ${++line}`);
  if (line === 0) throw new InputError(`${name} is empty; give at least one line of text.`);
}

function parseLine(text: string, kind: LineKind, place: string): Example {
  if (kind === 'text') return { text };
  const cells = text.split('\t');
  if (cells.length === 2) return { text: cells[0], pair: cells[1] };
  if (kind === 'auto') return { text };
  throw new InputError(`${place}: ${cells.length} columns; a pair of texts is needed, with one TAB between them.`);
}

/** Groups what arrives into arrays of `size`, the last one possibly smaller. */
export async function* inBatches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
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
