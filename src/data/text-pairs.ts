import { basename } from 'node:path';
import type { Dataset } from './examples.ts';
import { type Row, readColumns } from './rows.ts';

/** A text to read and the one to write for it. */
export interface TextPair {
  readonly text: string;
  readonly target: string;
}

/**
 * Pairs of texts from a `.csv`, `.tsv`, `.jsonl`, `.ndjson` or `.parquet` file, or from several with the same columns.
 *
 * @param columns those with the text to read and with the one to write
 * @throws InputError as {@link readColumns}
 */
export async function readTextPairs<Metric extends string>(
  path: string | readonly string[],
  columns: { readonly text: string; readonly target: string },
  metrics: readonly Metric[],
): Promise<Dataset<TextPair, Metric>> {
  const paths = typeof path === 'string' ? [path] : path;
  let rows: Row[] = [];
  for (const file of paths) rows = rows.concat(await readColumns(file, [columns.text, columns.target]));
  const examples = rows.map(({ cells: [text, target] }) => ({ text, target }));
  return { name: basename(paths[0]), examples, labels: null, metrics: [...metrics], warnings: [] };
}
