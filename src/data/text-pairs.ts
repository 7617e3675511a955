import { basename } from 'node:path';
import type { Dataset } from './examples.ts';
import { readColumns } from './rows.ts';

/** A text to read and the one to write for it. */
export interface TextPair {
  readonly text: string;
  readonly target: string;
}

/**
 * Pairs of texts from a `.csv`, `.tsv`, `.jsonl`, `.ndjson` or `.parquet` file.
 *
 * @param columns those with the text to read and with the one to write
 * @throws InputError as {@link readColumns}
 */
export async function readTextPairs<Metric extends string>(
  path: string,
  columns: { readonly text: string; readonly target: string },
  metrics: readonly Metric[],
): Promise<Dataset<TextPair, Metric>> {
  const rows = await readColumns(path, [columns.text, columns.target]);
  const examples = rows.map(({ cells: [text, target] }) => ({ text, target }));
  return { name: basename(path), examples, labels: null, metrics: [...metrics], warnings: [] };
}
