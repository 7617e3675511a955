import { InputError } from '../errors.ts';
import { BadRows, type RowPlace } from './bad-rows.ts';
import type { Unusable } from './class-names.ts';
import type { KnownExamples } from './datasets.ts';
import type { Dataset, Example } from './examples.ts';
import { knownTargets } from './known-labels.ts';
import { readLabelLists } from './label-lists.ts';
import { addUnusable, LabelColumn, type ProblemChoice, readLabels } from './labels.ts';
import { RowsBeside } from './rows-beside.ts';
import type { Column, Data, Rows } from './source.ts';
import { rowsOf } from './source-of.ts';
import { textRows } from './text-rows.ts';
import { usableParts } from './usable-parts.ts';

export interface TextOptions {
  /**
   * The column with the text, or the two columns with a pair of texts, of which the second may be empty. Default: `text`, and `textPair`
   * if it is there.
   */
  readonly text?: string | readonly string[];
  /** Leave out rows that cannot be used, with a warning that counts them, instead of an error that lists them. Default false. */
  readonly skipInvalid?: boolean;
}

export interface ExampleOptions extends TextOptions {
  /** The column with the label; left out, the examples have none. */
  readonly label?: string;
  /** The class names of a trained model, in its order; implies classification. */
  readonly labels?: readonly string[];
  /** The kind of values in the label column. `auto` (the default): classes if the file says so, else numbers if every value is a finite number. */
  readonly problemType?: ProblemChoice;
  /** What stands between the labels of a cell, where `problemType` is `multi_label_classification`; left out, cells are lists. */
  readonly labelSeparator?: string;
  /** The entry of a well-known dataset, if the data are one; its columns are the default. */
  readonly known?: KnownExamples;
}

/**
 * Reads texts, or pairs of texts, with a class or a number for each: from a `.csv`, `.tsv`, `.jsonl`, `.ndjson` or `.parquet` file, from
 * several with the same columns, of any size, from rows in memory, or from any other source; see `docs/commands.md` for the formats.
 * Class names that are not given are sorted: whole numbers by their value, others by code unit, so the order does not depend on the
 * rows. Empty cells, `NA`, `NaN`, `null`, and for classes -1, are no labels. Metrics: accuracy for classes; Pearson and Spearman
 * correlation for numbers.
 *
 * @throws InputError naming the file: unreadable, without the columns or with two of one name, without labels, with one class only, with
 *   decimal commas; or listing the rows that cannot be used
 */
export async function readExamples(data: Data | Rows, options: ExampleOptions = {}): Promise<Dataset> {
  const { labels, problemType: kind, labelSeparator: separator, known, skipInvalid } = options;
  const { text = known?.columns.text, label = known?.columns.label } = options;
  const rows = rowsOf(data);
  const { name, place: whole = name } = rows;
  const texts = textColumns(text);
  const columns = label === undefined ? texts : [...texts, { name: label }];
  const bad = new BadRows(skipInvalid);
  let examples: Example[] = [];
  const column = new LabelColumn();
  const values: number[] = [];
  const numbers: number[] = [];
  const parts: Pick<RowPlace, 'file' | 'unit'>[] = [];
  let named: readonly string[] | undefined;
  const onClasses = (of: string, names: readonly string[]) => {
    if (of === label) named = names;
  };
  for await (const part of textRows(rows, columns, { bad, label, onClasses })) {
    const { file, unit, group } = part;
    const place = { file, unit };
    for (const { number, cells } of part.rows) {
      const example = exampleOf(cells, texts);
      examples.push(group === undefined ? example : { ...example, group });
      if (label === undefined) continue;
      values.push(column.add(cells[texts.length], { file, unit, number }));
      numbers.push(number);
      parts.push(place);
    }
  }
  if (label === undefined || values.length === 0) {
    const warnings = bad.finish(name, examples.length);
    return { name, examples, labels: labels ? [...labels] : null, metrics: [], warnings, ...bad.skipped };
  }
  const read = known
    ? knownTargets(column, known)
    : kind === 'multi_label_classification'
      ? readLabelLists(column, { path: whole, column: label, labels, separator })
      : readLabels(column, { path: whole, column: label, labels, named, kind });
  const { targets, failure, warnings, ...rest } = read;
  const isUnusable = (target: (typeof targets)[number]): target is Unusable =>
    typeof target === 'object' && 'problem' in target;
  examples = examples.filter((example, i) => {
    const target = targets[values[i]];
    if (typeof target === 'number') example.label = target;
    else if (isUnusable(target))
      addUnusable(bad, { file: parts[i].file, unit: parts[i].unit, number: numbers[i] }, target);
    else example.labels = target;
    return !isUnusable(target);
  });
  const skipped = bad.finish(name, examples.length);
  if (failure) throw failure;
  const unusual = known && rows.split ? sizeWarnings(known, rows.split, whole, examples.length + bad.count) : [];
  return { name, examples, ...rest, warnings: [...skipped, ...warnings, ...unusual], ...bad.skipped };
}

export interface StreamOptions extends TextOptions {
  /** Told at the end how many rows were left out. */
  readonly onWarning?: (message: string) => void;
}

/** An example with other columns of its row. */
export interface TableRow {
  readonly example: Example;
  /** The values of the columns that are kept, in their order; those of the text columns are the texts. */
  readonly kept: Readonly<Record<string, unknown>>;
}

/**
 * Reads texts as they arrive, some at a time, so that data of any size can be worked through; see {@link readExamples}.
 *
 * @throws InputError as {@link readExamples}; where rows cannot be used, some of those before the first one have been given by then
 */
export async function* streamExamples(
  data: Data | Rows,
  options: StreamOptions = {},
): AsyncGenerator<Example[], void, undefined> {
  for await (const rows of streamRows(data, options)) yield rows.map(({ example }) => example);
}

/**
 * The same with other columns of the rows.
 *
 * @param options.keep the names of the columns
 */
export async function* streamRows(
  data: Data | Rows,
  { text, keep = [], skipInvalid = false, onWarning }: StreamOptions & { readonly keep?: readonly string[] } = {},
): AsyncGenerator<TableRow[], void, undefined> {
  const rows = rowsOf(data);
  const texts = textColumns(text);
  const beside = new RowsBeside(
    rows,
    keep,
    texts.map(({ name }) => name),
  );
  const bad = new BadRows(skipInvalid);
  const read = async function* (): AsyncGenerator<TableRow[], void, undefined> {
    for await (const part of textRows(beside, texts, { bad, onNote: onWarning })) {
      yield part.rows.map(({ number, cells }) => {
        const own = Object.fromEntries(texts.map(({ name }, i) => [name, cells[i]]));
        return { example: exampleOf(cells, texts), kept: beside.keptOf(number, own) };
      });
    }
  };
  yield* usableParts(read(), bad, rows.name, onWarning);
}

function textColumns(text: TextOptions['text']): readonly Column[] {
  if (text === undefined) return [{ name: 'text' }, { name: 'textPair', optional: true }];
  const names = [text].flat();
  if (names.length >= 1 && names.length <= 2) return names.map((name, i) => ({ name, mayBeEmpty: i === 1 }));
  throw new InputError(`one or two text columns are needed, got ${names.length}`);
}

/** A column that may be missing says nothing where it is empty; of two that were named, the second is then an empty text. */
const exampleOf = ([text, textPair]: readonly string[], [, second]: readonly Column[]): Example =>
  second === undefined || (second.optional && textPair === '') ? { text } : { text, textPair };

function sizeWarnings(
  { size }: KnownExamples,
  split: keyof NonNullable<KnownExamples['size']>,
  place: string,
  count: number,
): string[] {
  if (size?.[split] === undefined || size[split] === count) return [];
  const name = split === 'train' ? 'train' : 'dev';
  return [`${place} has ${count} examples; the official ${name} split has ${size[split]}`];
}
