import { InputError } from '../errors.ts';
import type { ProblemType } from '../models/browser.ts';
import type { BadRows, RowPlace } from './bad-rows.ts';
import { doubts, isNumber, NUMBER, newNames, trainedNames, type Unusable, WHOLE_NUMBER } from './class-names.ts';
import type { Dataset } from './examples.ts';
import { type LookingLikeLists, listsIn } from './label-cells.ts';
import { quoted } from './quoted.ts';

/**
 * The meaning of the values in a label column, in the words of transformers. `auto`: numbers if every value is a finite number, class names
 * otherwise.
 */
export type ProblemChoice = 'auto' | ProblemType;

const AS_CLASSES = "say --problem-type single_label_classification (problemType: 'single_label_classification')";

export interface LabelOptions {
  /** For messages: the file, and the column. */
  readonly path: string;
  readonly column: string;
  /** The class names of a trained model, in its order; implies classification. */
  readonly labels?: readonly string[];
  readonly kind?: Exclude<ProblemChoice, 'multi_label_classification'>;
  /** The names of classes that a file gives; the column then has classes unless `kind` is `regression`. */
  readonly named?: readonly string[];
}

/** A value that stands for no label, in the spellings of pandas and JSON. */
const MISSING = new Set(['', 'NA', 'N/A', 'n/a', '#N/A', '#NA', '<NA>', 'NULL', 'null', 'NaN', 'nan', '-NaN', '-nan']);
/** The values that Hugging Face's `datasets` writes for a missing class and a missing number. */
const UNLABELLED = new Set(['-1', '-1.0']);
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
  const lists = labels || kind !== 'auto' ? null : listsIn(given);
  if (lists?.separator === null) throw holdsLists(column, lists.example, options);
  if (labels) return trainedClasses(column, labels, options);
  if (kind === 'single_label_classification' || (named && kind === 'auto')) return newClasses(column, given, options);
  const comma = given.find((value) => WITH_COMMA.test(value));
  if (comma !== undefined && given.every((value) => NUMBER.test(value) || WITH_COMMA.test(value))) {
    throw new InputError(
      `${column.firstPlace(comma)}: ${quoted(comma)} in column '${options.column}' has a comma in a number; write a decimal point and no separators of thousands, ${AS_CLASSES} if these are classes, or --label-separator (labelSeparator: ',') if they are lists of labels`,
    );
  }
  if (kind === 'regression') return numbers(column, options);
  const text = given.find((value) => !isNumber(value));
  if (text === undefined) return numbersOrIds(column, given, options);
  const classes = newClasses(column, given, options);
  const read = lists
    ? { ...classes, warnings: [looksLikeLists(lists, classes, options), ...classes.warnings] }
    : classes;
  const number = given.find((value) => isNumber(value) && !UNLABELLED.has(value));
  if (number === undefined) return read;
  const warning = `column '${options.column}' has numbers and text (${column.firstPlace(text)}: ${quoted(text)}), read as ${read.labels?.length} classes`;
  return { ...read, warnings: [warning, ...read.warnings] };
}

const holdsLists = (column: LabelColumn, example: string, options: LabelOptions): InputError =>
  new InputError(
    `${column.firstPlace(example)}: column '${options.column}' holds lists (${quoted(example)}); say --problem-type multi_label_classification (problemType: 'multi_label_classification') to learn each label by itself, or --problem-type single_label_classification (problemType: 'single_label_classification') to make a class of each list`,
  );

const looksLikeLists = ({ example, separator }: LookingLikeLists, { labels }: ReadLabels, { column }: LabelOptions) =>
  `column '${column}' is read as ${labels?.length} classes, of which ${quoted(example)} is one; if it is several labels, say --label-separator (labelSeparator: '${separator}')`;

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
      `column '${options.column}' holds ${range} and is read as numbers to predict (regression); if they are classes, ${AS_CLASSES}`,
      ...read.warnings,
    ],
  };
}

function numbers(column: LabelColumn, { column: name }: LabelOptions): ReadLabels {
  const known = new Set(column.values.filter(isNumber).map(Number));
  const constant = `column '${name}' holds ${[...known].join()} in all rows: nothing can be learnt from it, and its correlation with predictions is undefined`;
  const targets = column.values.map((value) => {
    if (isNumber(value)) return Number(value);
    return MISSING.has(value)
      ? noLabel(value, name)
      : { problem: `${quoted(value)} in column '${name}' is not a number` };
  });
  return { targets, labels: null, metrics: ['pearson', 'spearman'], warnings: known.size === 1 ? [constant] : [] };
}

/** Classes named by the values. */
function newClasses(column: LabelColumn, given: readonly string[], options: LabelOptions): ReadLabels {
  const { labels, numberOf } = newNames(given.filter((value) => !UNLABELLED.has(value)));
  const unlabelled = column.countOf(given.filter((value) => UNLABELLED.has(value)));
  const targets = column.values.map((value) => numberOf(value) ?? noLabel(value, options.column));
  return {
    targets,
    labels: [...labels],
    metrics: ['accuracy', 'f1_macro'],
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
  const known = trainedNames(labels);
  const targets = column.values.map((value) => {
    const index = known.numberOf(value);
    if (index !== undefined) return index;
    if (MISSING.has(value) || UNLABELLED.has(value)) return noLabel(value, name);
    return known.unknown(value, name);
  });
  return { targets, labels: [...labels], metrics: ['accuracy', 'f1_macro'], warnings: [] };
}

const noValue = (column: string): Unusable => ({ problem: `no value for '${column}'` });

function noLabel(value: string, column: string): Unusable {
  if (value === '') return noValue(column);
  const problem = `${quoted(value)} in column '${column}' is no label`;
  if (!UNLABELLED.has(value)) return { problem };
  return { problem, hint: '-1 means that the label is not known, as in Hugging Face; rename the class if it is one' };
}
