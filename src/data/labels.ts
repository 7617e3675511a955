import { InputError } from '../errors.ts';
import type { BadRows, RowPlace } from './bad-rows.ts';
import type { Dataset } from './examples.ts';
import { quoted } from './quoted.ts';

/** The kind of values in a label column. `auto`: numbers if every value is a finite number, class names otherwise. */
export type LabelKind = 'auto' | 'classification' | 'regression';

export interface LabelOptions {
  /** For messages: the file, and the column. */
  readonly path: string;
  readonly column: string;
  /** The class names of a trained model, in its order; implies classification. */
  readonly labels?: readonly string[];
  readonly kind?: LabelKind;
  /** The names of classes that a file gives; the column then has classes unless `kind` is `regression`. */
  readonly named?: readonly string[];
}

/** A value that stands for no label, in the spellings of pandas and JSON. */
const MISSING = new Set(['', 'NA', 'N/A', 'n/a', '#N/A', '#NA', '<NA>', 'NULL', 'null', 'NaN', 'nan', '-NaN', '-nan']);
/** The values that Hugging Face's `datasets` writes for a missing class and a missing number. */
const UNLABELLED = new Set(['-1', '-1.0']);
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const WHOLE_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.0+)?$/;
/** With a decimal comma, or with separators of thousands: `1,5`, `,5`, `1,5e3`, `1.234,5`, `1 234,5`, `1,234.5`. */
const WITH_COMMA =
  /^[+-]?(?:\d*|\d{1,3}(?:[. '\u00a0\u202f]\d{3})+),\d+(?:[eE][+-]?\d+)?$|^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/;
/** So many different whole numbers are few: they may be classes. So may be more without a gap. */
const FEW = 50;

/** The label column of a table, as its rows arrive. Each different value is kept once. */
export class LabelColumn {
  readonly #numbers = new Map<string, number>();
  readonly #values: string[] = [];
  /** The first place of each value. */
  readonly #first: RowPlace[] = [];
  readonly #counts: number[] = [];

  /** @returns the number of the value, the same for the same values */
  add(value: string, place: RowPlace): number {
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.#values.length;
      this.#numbers.set(value, number);
      this.#values.push(value);
      this.#first.push(place);
      this.#counts.push(0);
    }
    this.#counts[number]++;
    return number;
  }

  /** All values, each once. */
  get values(): readonly string[] {
    return this.#values;
  }

  /** For messages. */
  firstPlace(value: string): string {
    const { file, unit, number } = this.#first[this.#numbers.get(value) ?? 0];
    return `${file}, ${unit} ${number}`;
  }

  /** Counts the rows that have one of some values. */
  countOf(values: readonly string[]): number {
    return values.reduce((sum, value) => sum + this.#counts[this.#numbers.get(value) ?? 0], 0);
  }
}

/** The meaning of the values of a label column. */
export interface ReadLabels extends Pick<Dataset, 'labels' | 'metrics' | 'warnings'> {
  /** Of each different value: the class or the number, or why it has none. */
  readonly targets: readonly (number | Unusable)[];
  /** Why those that can be used do not do, if so. */
  readonly failure?: InputError;
}

/** Why a value is no label. */
export interface Unusable {
  readonly problem: string;
  /** Said once for all rows. */
  readonly hint?: string;
}

/** Adds a row whose label cannot be used to the others. */
export const addUnusable = (bad: BadRows, place: RowPlace, { problem, hint }: Unusable): void =>
  bad.add(place, problem, hint);

/**
 * Finds out whether the values of a label column are classes or numbers.
 *
 * @throws InputError naming file and column: no value is a label, decimal commas, class names that are there twice
 */
export function readLabels(column: LabelColumn, options: LabelOptions): ReadLabels {
  const { labels, named, kind = 'auto' } = options;
  const known = new Set(labels ?? named?.filter((name) => !UNLABELLED.has(name)));
  const given = column.values.filter((value) => known.has(value) || !MISSING.has(value));
  const areAllUnlabelled = given.every((value) => UNLABELLED.has(value) && !known.has(value));
  if (areAllUnlabelled) throw noLabels(column, given, options);
  if (labels) return trainedClasses(column, labels, options);
  if (kind === 'classification' || (named && kind === 'auto')) return newClasses(column, given, options);
  const comma = given.find((value) => WITH_COMMA.test(value));
  if (comma !== undefined && given.every((value) => NUMBER.test(value) || WITH_COMMA.test(value))) {
    throw new InputError(
      `${column.firstPlace(comma)}: ${quoted(comma)} in column '${options.column}' has a comma in a number; write a decimal point and no separators of thousands, or say --label-kind classification (labelKind: 'classification') if these are classes`,
    );
  }
  if (kind === 'regression') return numbers(column, options);
  const text = given.find((value) => !isNumber(value));
  if (text === undefined) return numbersOrIds(column, given, options);
  const read = newClasses(column, given, options);
  const number = given.find((value) => isNumber(value) && !UNLABELLED.has(value));
  if (number === undefined) return read;
  const warning = `column '${options.column}' has numbers and text (${column.firstPlace(text)}: ${quoted(text)}), read as ${read.labels?.length} classes`;
  return { ...read, warnings: [warning, ...read.warnings] };
}

function noLabels(column: LabelColumn, given: readonly string[], { path, column: name }: LabelOptions): InputError {
  const shown = given.length === 0 ? column.values : given;
  const values = shown.slice(0, 3).map((value) => (value === '' ? 'no value' : quoted(value)));
  return new InputError(
    `${path} has no labels: every row has ${values.join(' or ')} in column '${name}', which means that the label is not known; use a split with labels`,
  );
}

/** Numbers; ids with more digits than a number can hold are names of classes. */
function numbersOrIds(column: LabelColumn, given: readonly string[], options: LabelOptions): ReadLabels {
  const long = given.find((value) => WHOLE_NUMBER.test(value) && !Number.isSafeInteger(Number(value)));
  if (long !== undefined) {
    const read = newClasses(column, given, options);
    const warning = `column '${options.column}' has whole numbers with more digits than a number can hold (${quoted(long)}), read as ${read.labels?.length} classes`;
    return { ...read, warnings: [warning, ...read.warnings] };
  }
  const read = numbers(column, options);
  const sorted = given.map(Number).sort((a, b) => a - b);
  const span = sorted[sorted.length - 1] - sorted[0] + 1;
  const areNumbered = Math.abs(sorted[0]) <= 1 && new Set(sorted).size === span;
  if (!sorted.every(Number.isInteger) || (sorted.length > FEW && !areNumbered)) return read;
  const range =
    sorted.length === 1
      ? `only ${sorted[0]}`
      : `${sorted.length} different whole numbers (${sorted[0]} to ${sorted[sorted.length - 1]})`;
  return {
    ...read,
    warnings: [
      `column '${options.column}' holds ${range} and is read as numbers to predict (regression); if they are classes, say --label-kind classification (labelKind: 'classification')`,
      ...read.warnings,
    ],
  };
}

function numbers(column: LabelColumn, { column: name }: LabelOptions): ReadLabels {
  const targets = column.values.map((value) => {
    if (isNumber(value)) return Number(value);
    return MISSING.has(value)
      ? noLabel(value, name)
      : { problem: `${quoted(value)} in column '${name}' is not a number` };
  });
  return { targets, labels: null, metrics: ['pearson', 'spearman'], warnings: [] };
}

/** Classes named by the values. */
function newClasses(column: LabelColumn, given: readonly string[], options: LabelOptions): ReadLabels {
  const areNumbers = given.every(isNumber);
  const spelling = (value: string) => (areNumbers ? wholeNumber(value) : value);
  const usable = given.filter((value) => !UNLABELLED.has(value)).map(spelling);
  const labels = [...new Set(usable)].sort(byValue(usable));
  const unlabelled = column.countOf(given.filter((value) => UNLABELLED.has(value)));
  const indices = new Map(labels.map((label, i) => [label, i]));
  const targets = column.values.map((value) => indices.get(spelling(value)) ?? noLabel(value, options.column));
  return {
    targets,
    labels,
    metrics: ['accuracy'],
    warnings: doubts(labels, options.column),
    ...(labels.length === 1 && { failure: oneClass(labels[0], unlabelled > 0, options) }),
  };
}

function oneClass(label: string, hasUnlabelled: boolean, { path, column }: LabelOptions): InputError {
  const others = hasUnlabelled ? ' (-1 means that the label is not known)' : '';
  return new InputError(
    `${path}: column '${column}' holds ${quoted(label)} only${others}; a classifier needs two classes or more`,
  );
}

/** Classes that a trained model has. */
function trainedClasses(column: LabelColumn, labels: readonly string[], { column: name }: LabelOptions): ReadLabels {
  const twice = labels.find((label, i) => labels.indexOf(label) < i);
  if (twice !== undefined)
    throw new InputError(`two of the model's classes are called ${quoted(twice)}; rename one of them`);
  const indices = new Map(labels.map((label, i) => [label, i]));
  const list = labels.slice(0, 20).map(quoted);
  const more = labels.length > 20 ? ` and ${labels.length - 20} more` : '';
  const hint = `known are ${list.join(', ')}${more}`;
  const targets = column.values.map((value) => {
    const index = indices.get(value) ?? indices.get(wholeNumber(value)) ?? indices.get(asBoolean(value));
    if (index !== undefined) return index;
    if (MISSING.has(value) || UNLABELLED.has(value)) return noLabel(value, name);
    return { problem: `unknown label ${quoted(value)} in column '${name}'`, hint };
  });
  return { targets, labels: [...labels], metrics: ['accuracy'], warnings: [] };
}

const noValue = (column: string): Unusable => ({ problem: `no value for '${column}'` });

function noLabel(value: string, column: string): Unusable {
  if (value === '') return noValue(column);
  const problem = `${quoted(value)} in column '${column}' is no label`;
  if (!UNLABELLED.has(value)) return { problem };
  return { problem, hint: '-1 means that the label is not known, as in Hugging Face; rename the class if it is one' };
}

/** Returns warnings about names of classes that may be mistakes. */
function doubts(labels: readonly string[], column: string): string[] {
  const warnings: string[] = [];
  const seen = new Map<string, string>();
  for (const label of labels) {
    const plain = label.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ');
    const other = seen.get(plain);
    if (other === undefined) seen.set(plain, label);
    else
      warnings.push(
        `column '${column}' has classes that differ in case or white space only: ${quoted(other)} and ${quoted(label)}`,
      );
  }
  const none = labels.find((label) => label === 'None' || label === '?');
  if (none !== undefined) warnings.push(`${quoted(none)} in column '${column}' is read as the name of a class`);
  return warnings;
}

function isNumber(value: string): boolean {
  return NUMBER.test(value) && Number.isFinite(Number(value));
}

/** `1` for `1.0`, as pandas writes whole numbers of a column with gaps. */
const wholeNumber = (value: string): string =>
  WHOLE_NUMBER.test(value) ? String(BigInt(value.replace(/\.0+$/, ''))) : value;

/** As JSON and Parquet have it; Python writes a capital. */
const asBoolean = (value: string): string => (/^(?:true|false)$/i.test(value) ? value.toLowerCase() : value);

/** Numbers by their value, texts by their code units: the order does not depend on the rows. */
function byValue(labels: readonly string[]): (a: string, b: string) => number {
  const byCodeUnit = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  if (labels.every((label) => WHOLE_NUMBER.test(label)))
    return (a, b) => Number(BigInt(a) - BigInt(b)) || byCodeUnit(a, b);
  if (labels.every(isNumber)) return (a, b) => Number(a) - Number(b) || byCodeUnit(a, b);
  return byCodeUnit;
}
