import { basename } from 'node:path';
import { BadRows } from './bad-rows.ts';
import type { Dataset } from './examples.ts';
import { readRows } from './rows.ts';

/** A text to read and the one to write for it. */
export interface TextPair {
  readonly text: string;
  readonly target: string;
}

/**
 * Pairs of texts from a `.csv`, `.tsv`, `.jsonl`, `.ndjson` or `.parquet` file, or from several with the same columns.
 *
 * @param columns those with the text to read and with the one to write
 * @param options.skipInvalid leave out rows that cannot be used, with a warning that counts them, in place of an error that lists them
 * @throws InputError naming the file or a column, or listing the rows that cannot be used
 */
export async function readTextPairs<Metric extends string>(
  path: string | readonly string[],
  columns: { readonly text: string; readonly target: string },
  metrics: readonly Metric[],
  { skipInvalid }: { readonly skipInvalid?: boolean } = {},
): Promise<Dataset<TextPair, Metric>> {
  const paths = typeof path === 'string' ? [path] : path;
  const bad = new BadRows(skipInvalid);
  const examples: TextPair[] = [];
  for await (const rows of readRows(paths, [columns.text, columns.target], { bad })) {
    for (const { cells } of rows) examples.push({ text: cells[0], target: cells[1] });
  }
  const name = basename(paths[0]);
  const warnings = bad.finish(name, examples.length);
  return { name, examples, labels: null, metrics: [...metrics], warnings };
}
