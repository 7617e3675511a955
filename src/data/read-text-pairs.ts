import { BadRows } from './bad-rows.ts';
import type { KnownPairs } from './datasets.ts';
import type { Dataset } from './examples.ts';
import type { Data, Rows } from './source.ts';
import { rowsOf } from './source-of.ts';
import { textRows } from './text-rows.ts';

/** A text to read and the one to write for it. */
export interface TextPair {
  readonly text: string;
  readonly target: string;
}

export interface TextPairOptions {
  /** The column with the text to read. Default `text`. */
  readonly text?: string;
  /** The column with the text to write. Default `target`. */
  readonly target?: string;
  /** A well-known dataset, whose columns are the default. */
  readonly known?: KnownPairs;
  /** Leave out rows that cannot be used, with a warning that counts them, instead of an error that lists them. Default false. */
  readonly skipInvalid?: boolean;
}

/**
 * Reads pairs of texts from the files or rows that `readExamples` reads, too.
 *
 * @throws InputError naming the file or a column, or listing the rows that cannot be used
 */
export async function readTextPairs<Metric extends string = never>(
  data: Data | Rows,
  options: TextPairOptions = {},
  metrics: readonly Metric[] = [],
): Promise<Dataset<TextPair, Metric>> {
  const { known, skipInvalid } = options;
  const { text = known?.columns.text ?? 'text', target = known?.columns.target ?? 'target' } = options;
  const rows = rowsOf(data, 'text2text-generation');
  const bad = new BadRows(skipInvalid);
  const examples: TextPair[] = [];
  for await (const part of textRows(rows, [{ name: text }, { name: target }], { bad })) {
    for (const { cells } of part.rows) examples.push({ text: cells[0], target: cells[1] });
  }
  const warnings = bad.finish(rows.name, examples.length);
  return { name: rows.name, examples, labels: null, metrics: [...metrics], warnings, ...bad.skipped };
}
