import { basename } from 'node:path';
import { InputError } from '../errors.ts';
import { BadRows } from './bad-rows.ts';
import type { Dataset, Example } from './examples.ts';
import { addUnusable, LabelColumn, type LabelKind, readLabels } from './labels.ts';
import { readRows, unitOf } from './rows.ts';

export interface TableOptions {
  /** The column with the text, or the two columns with a pair of texts. */
  text: readonly string[];
  /** The column with the label; left out, the examples have none. */
  label?: string;
  /** The class names of a trained model, in its order; implies classification. */
  labels?: readonly string[];
  /** What the label column holds. `auto` (the default): classes if the file says so, else numbers if every value is a finite number. */
  kind?: LabelKind;
  /** Leave out rows that cannot be used, with a warning that counts them, in place of an error that lists them. Default false. */
  skipInvalid?: boolean;
}

/**
 * Reads a dataset from a `.csv`, `.tsv`, `.jsonl`, `.ndjson` or `.parquet` file, or from several with the same columns, of any size; see
 * `docs/commands.md` for the formats. Class names that are not given are sorted: whole numbers by their value, others by code unit, so
 * the order does not depend on the rows. Empty cells, `NA`, `NaN`, `null`, and for classes -1, are no labels. Metrics: accuracy for
 * classes; Pearson and Spearman correlation for numbers.
 * @throws InputError naming the file: unreadable, without the columns or with two of one name, without labels, with one class only, with
 *   decimal commas; or listing the rows that cannot be used
 */
export async function readTable(path: string | readonly string[], options: TableOptions): Promise<Dataset> {
  const { text, label, labels, kind, skipInvalid } = options;
  checkTexts(text);
  const paths = typeof path === 'string' ? [path] : path;
  const name = basename(paths[0]);
  const bad = new BadRows(skipInvalid);
  const columns = label === undefined ? text : [...text, label];
  let examples: Example[] = [];
  const column = new LabelColumn();
  const values: number[] = [];
  const places: { file: string; number: number }[] = [];
  let named: readonly string[] | undefined;
  const onClasses = (of: string, names: readonly string[]) => {
    if (of === label) named = names;
  };
  for await (const rows of readRows(paths, columns, { bad, optional: label, onClasses })) {
    for (const { file, number, cells } of rows) {
      examples.push(exampleOf(cells, text.length));
      if (label === undefined) continue;
      values.push(column.add(cells[text.length], { file, unit: unitOf(file), number }));
      places.push({ file, number });
    }
  }
  if (label === undefined || values.length === 0) {
    const warnings = bad.finish(name, examples.length);
    return { name, examples, labels: labels ? [...labels] : null, metrics: [], warnings };
  }
  const { targets, failure, warnings, ...rest } = readLabels(column, {
    path: paths[0],
    column: label,
    labels,
    named,
    kind,
  });
  examples = examples.filter((example, i) => {
    const target = targets[values[i]];
    if (typeof target === 'number') example.label = target;
    else addUnusable(bad, { ...places[i], unit: unitOf(places[i].file) }, target);
    return typeof target === 'number';
  });
  const skipped = bad.finish(name, examples.length);
  if (failure) throw failure;
  return { name, examples, ...rest, warnings: [...skipped, ...warnings] };
}

export interface StreamTableOptions extends Pick<TableOptions, 'text' | 'skipInvalid'> {
  /** Told at the end how many rows were left out. */
  readonly onWarning?: (message: string) => void;
}

/**
 * The texts of a table as they are read, some at a time, so that one of any size can be worked through; see {@link readTable}.
 *
 * @throws InputError as {@link readTable}; where rows cannot be used, some of those before the first one have been given by then
 */
export async function* streamTable(
  path: string,
  { text, skipInvalid = false, onWarning }: StreamTableOptions,
): AsyncGenerator<Example[], void, undefined> {
  checkTexts(text);
  const bad = new BadRows(skipInvalid);
  let used = 0;
  for await (const rows of readRows([path], text, { bad })) {
    // Behind a bad row the others are only looked for.
    if (bad.count > 0 && !skipInvalid) continue;
    used += rows.length;
    yield rows.map(({ cells }) => exampleOf(cells, text.length));
  }
  for (const warning of bad.finish(basename(path), used)) onWarning?.(warning);
}

function checkTexts(text: readonly string[]): void {
  if (text.length >= 1 && text.length <= 2) return;
  throw new InputError(`one or two text columns are needed, got ${text.length}`);
}

const exampleOf = ([text, pair]: readonly string[], texts: number): Example =>
  texts === 1 ? { text } : { text, pair };
