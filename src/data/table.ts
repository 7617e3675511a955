import { basename } from 'node:path';
import { InputError } from '../errors.ts';
import type { Dataset, Example } from './examples.ts';
import { readColumns } from './rows.ts';

export interface TableOptions {
  /** The column with the text, or the two columns with a pair of texts. */
  text: readonly string[];
  /** The column with the label; left out, the examples have none. */
  label?: string;
  /** The class names of a trained model, in its order; implies classification. */
  labels?: readonly string[];
  /** What the label column holds. `auto` (the default): numbers if every value is a finite number, class names otherwise. */
  kind?: 'auto' | 'classification' | 'regression';
}

/**
 * A dataset from a `.csv`, `.tsv`, `.jsonl` or `.ndjson` file, see {@link readColumns} for the formats. Class names that are
 * not given are sorted by code unit, so the order does not depend on the rows. Metrics: accuracy for classes; Pearson and
 * Spearman correlation for numbers.
 * @throws InputError naming the file, and the line or column: what {@link readColumns} throws, a label that is no number
 * or none of `labels`, a column with one class only.
 */
export function readTable(path: string, options: TableOptions): Dataset {
  const { text, label, labels } = options;
  if (text.length < 1 || text.length > 2) {
    throw new InputError(`one or two text columns are needed, got ${text.length}`);
  }
  const rows = readColumns(path, label === undefined ? text : [...text, label]);
  const name = basename(path);
  const examples = rows.map(({ cells }): Example => {
    return text.length === 1 ? { text: cells[0] } : { text: cells[0], pair: cells[1] };
  });
  if (label === undefined) return { name, examples, labels: labels ? [...labels] : null, metrics: [], warnings: [] };

  const values = rows.map(({ line, cells }) => ({ line, value: cells[text.length] }));
  const { targets, ...rest } = readLabels({ path, name: label, values }, options);
  return { name, examples: examples.map((example, i) => ({ ...example, label: targets[i] })), ...rest };
}

interface LabelColumn {
  path: string;
  name: string;
  values: { line: number; value: string }[];
}

type Labels = Pick<Dataset, 'labels' | 'metrics' | 'warnings'> & { targets: number[] };

function readLabels(column: LabelColumn, { labels, kind = 'auto' }: TableOptions): Labels {
  if (labels) return asClasses(column, labels);
  if (kind === 'regression') return asNumbers(column);
  if (kind === 'classification') return asClasses(column, classNames(column));
  const text = column.values.find(({ value }) => !isNumber(value));
  if (!text) return asNumbers(column);
  const read = asClasses(column, classNames(column));
  if (column.values.some(({ value }) => isNumber(value))) {
    read.warnings.push(
      `${column.path}: column '${column.name}' has numbers and text (line ${text.line}: '${text.value}'), read as ${read.labels?.length} classes`,
    );
  }
  return read;
}

function asNumbers({ path, name, values }: LabelColumn): Labels {
  const targets = values.map(({ line, value }) => {
    if (!isNumber(value)) throw new InputError(`${path}, line ${line}: '${value}' in column '${name}' is not a number`);
    return Number(value);
  });
  return { targets, labels: null, metrics: ['pearson', 'spearman'], warnings: [] };
}

function asClasses({ path, name, values }: LabelColumn, labels: readonly string[]): Labels {
  const indices = new Map(labels.map((label, i) => [label, i]));
  const targets = values.map(({ line, value }) => {
    const index = indices.get(value);
    if (index === undefined) {
      const known = labels.map((label) => `'${label}'`).join(', ');
      throw new InputError(`${path}, line ${line}: unknown label '${value}' in column '${name}'; known are ${known}`);
    }
    return index;
  });
  return { targets, labels: [...labels], metrics: ['accuracy'], warnings: [] };
}

function classNames({ path, name, values }: LabelColumn): string[] {
  const names = [...new Set(values.map(({ value }) => value))].sort();
  if (names.length === 1) {
    throw new InputError(`${path}: column '${name}' holds '${names[0]}' only; a classifier needs two classes or more`);
  }
  return names;
}

function isNumber(value: string): boolean {
  return Number.isFinite(Number(value));
}
