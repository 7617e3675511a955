import { contradictingIn, repeatedIn, sharedWith } from '../data/duplicates.ts';
import type { Tokenizer } from '../text/index.ts';
import { type ExpectedCost, expectedCost } from './expected-cost.ts';
import type { PreparedRun } from './run.ts';
import type { RunData } from './run-data.ts';
import type { RunSettings } from './settings-table.ts';
import type { Task, TaskTypes } from './task.ts';

/** Rows by what they are for. */
export interface RowCounts {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** What a run has read, told before it is trained; names are those of the JSON documents. */
export interface DataReport {
  readonly task: string;
  readonly data: string;
  readonly rows: RowCounts & { readonly skipped: number };
  /**
   * The rows of each class, in the order of the classes; null where there are none. Of rows with several labels each counts, and where
   * words have classes the words do. Questions, some of which have no answer, are of two classes.
   */
  readonly classes: readonly ({ readonly label: string } & RowCounts)[] | null;
  /** The numbers to predict in the training rows; null where there are none. */
  readonly numbers: { readonly least: number; readonly most: number; readonly mean: number } | null;
  /** Rows whose texts another row of the part has; and rows to validate or test on whose texts a row to train on has. */
  readonly duplicates: RowCounts & { readonly between: number };
  /** Rows whose texts another row, of any part, has with another label. */
  readonly contradicting: number;
  /** Rows of which something is cut off, and the tokens of the longest text; null where the task cuts nothing off. */
  readonly truncated: { readonly rows: number; readonly longest: number; readonly max_length: number } | null;
  /** The scores of an answer that is the same for all rows; null where there is none. */
  readonly baseline: Baseline | null;
  readonly expected: ExpectedCost;
}

/** The scores of the most frequent class, tag of a word or label, of no answer, or of the mean of the numbers, on rows to test on, to validate on or, without such, to train on. */
export type Baseline = { readonly rows: keyof RowCounts } & (
  | { readonly label: string; readonly accuracy: number }
  | { readonly label: string; readonly f1_micro: number }
  | { readonly label: string; readonly exact: number }
  | { readonly mean: number; readonly rmse: number; readonly mae: number }
);

type Rows = readonly unknown[];
type RowsByPart = Readonly<Record<keyof RowCounts, Rows>>;

const parts = ['train', 'validation', 'test'] as const satisfies readonly (keyof RowCounts)[];

/**
 * Tells what a run has read, and estimates what its training will take.
 *
 * @param step the step that it begins with
 */
export async function dataReport<T extends TaskTypes>(run: PreparedRun<T>, step = 0): Promise<DataReport> {
  const { data, model, items, settings } = run;
  const { train, evaluation, test } = data;
  const rows = { train: train.examples, validation: evaluation?.examples ?? [], test: test?.examples ?? [] };
  const counted = (count: (some: Rows) => number): RowCounts => ({
    train: count(rows.train),
    validation: count(rows.validation),
    test: count(rows.test),
  });
  const answers = train.labels ?? (model.definition.choosesAmongOwn ? choicesIn(rows.train) : null);
  const skipped = [data.table ?? train, ...(data.table ? [] : [evaluation, test])];
  return {
    task: model.definition.name,
    data: train.name,
    rows: {
      ...counted((some) => some.length),
      skipped: skipped.reduce((sum, part) => sum + (part?.skipped ?? 0), 0),
    },
    classes: train.labels ? classCounts(train.labels, data, counted) : questionCounts(rows, counted),
    numbers: answers ? null : rangeOf(numbersIn(rows.train)),
    duplicates: {
      ...counted(repeatedIn),
      between: sharedWith([...rows.validation, ...rows.test], rows.train),
    },
    contradicting: contradictingIn([...rows.train, ...rows.validation, ...rows.test]),
    truncated: truncatedIn(model.definition, data, items, model.tokenizer, settings),
    baseline: unansweredBaseline(rows) ?? baselineOf(rows, answers),
    expected: await expectedCost(run, step),
  };
}

/** The numbers of an example's classes, or the number to predict. */
function answersOf(example: unknown): readonly number[] {
  const { label, labels, tags } = (example ?? {}) as Readonly<Record<'label' | 'labels' | 'tags', unknown>>;
  const given = [labels, tags].find(Array.isArray) ?? [label];
  return given.filter((value) => typeof value === 'number');
}

/** Names of the choices that are right in some row, by their numbers. */
const choicesIn = (rows: Rows): string[] =>
  Array.from({ length: numbersIn(rows).reduce((most, i) => Math.max(most, i + 1), 0) }, (_, i) => `choice ${i}`);

const numbersIn = (rows: Rows): number[] => rows.flatMap(answersOf);

function classCounts<T extends TaskTypes>(
  labels: readonly string[],
  { train, evaluation, test }: RunData<T>,
  counted: (count: (some: Rows) => number) => RowCounts,
): DataReport['classes'] {
  const isCounted = [train, evaluation, test].some((part) => part?.examples.some((row) => answersOf(row).length > 0));
  if (!isCounted) return null;
  return labels.map((label, i) => ({
    label,
    ...counted((some) => numbersIn(some).filter((number) => number === i).length),
  }));
}

/** Whether a row is a question without an answer. */
function isUnanswered(row: unknown): boolean {
  const { answers } = (row ?? {}) as { readonly answers?: unknown };
  return Array.isArray(answers) && answers.length === 0;
}

/** Questions with and without an answer; null where all have one, and for other rows. */
function questionCounts(
  rows: RowsByPart,
  counted: (count: (some: Rows) => number) => RowCounts,
): DataReport['classes'] {
  if (!parts.some((part) => rows[part].some(isUnanswered))) return null;
  return [
    { label: 'answered', ...counted((some) => some.filter((row) => !isUnanswered(row)).length) },
    { label: 'unanswered', ...counted((some) => some.filter(isUnanswered).length) },
  ];
}

/** The score of no answer to any question, which is exact match and F1; null where all questions have one, and for other rows. */
function unansweredBaseline(rows: RowsByPart): Baseline | null {
  if (!parts.some((part) => rows[part].some(isUnanswered))) return null;
  const judged = judgedOf(rows);
  return { rows: judged, label: 'no answer', exact: rows[judged].filter(isUnanswered).length / rows[judged].length };
}

/** The part that a baseline is of: rows to test on, to validate on or, without such, to train on. */
const judgedOf = (rows: RowsByPart): keyof RowCounts =>
  (['test', 'validation', 'train'] as const).find((part) => rows[part].length > 0) ?? 'train';

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function rangeOf(numbers: readonly number[]): DataReport['numbers'] {
  if (numbers.length === 0) return null;
  const [least, most] = numbers.reduce(
    ([low, high], x) => [Math.min(low, x), Math.max(high, x)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  return { least, most, mean: meanOf(numbers) };
}

function baselineOf(rows: RowsByPart, labels: readonly string[] | null): Baseline | null {
  const has = (field: 'label' | 'labels' | 'tags', isOf: (value: unknown) => boolean) =>
    parts.every((part) =>
      rows[part].every((row) => isOf((row as { readonly [Field in typeof field]?: unknown } | null)?.[field])),
    );
  const areSets = has('labels', Array.isArray);
  const areOne = has('label', (value) => typeof value === 'number') || has('tags', Array.isArray);
  if (!areSets && !areOne) return null;
  const judged = judgedOf(rows);
  const [learnt, asked] = [numbersIn(rows.train), numbersIn(rows[judged])];
  if (learnt.length === 0 || asked.length === 0) return null;
  if (labels) {
    const counts = labels.map((_, i) => learnt.filter((label) => label === i).length);
    const most = counts.indexOf(Math.max(...counts));
    const right = asked.filter((label) => label === most).length;
    // Micro F1 is 2 TP / (predicted + true); to predict no label at all would have 0.
    return areSets
      ? { rows: judged, label: labels[most], f1_micro: (2 * right) / (rows[judged].length + asked.length) }
      : { rows: judged, label: labels[most], accuracy: right / asked.length };
  }
  const mean = meanOf(learnt);
  const rmse = Math.sqrt(meanOf(asked.map((x) => (x - mean) ** 2)));
  return { rows: judged, mean, rmse, mae: meanOf(asked.map((x) => Math.abs(x - mean))) };
}

/** Counts the rows of which something is cut off; those to train on that are shorter as items are not looked at. */
function truncatedIn<T extends TaskTypes>(
  task: Task<T>,
  { train, evaluation, test }: RunData<T>,
  items: readonly T['item'][],
  tokenizer: Tokenizer,
  settings: RunSettings,
): DataReport['truncated'] {
  if (!task.lengths) return null;
  const shortest = Math.min(settings.maxLength, settings.maxTargetLength ?? settings.maxLength);
  const areItems = items.length === train.examples.length;
  const suspects = [
    ...train.examples.filter((_, i) => !areItems || task.tokenCount(items[i]) >= shortest),
    ...(evaluation?.examples ?? []),
    ...(test?.examples ?? []),
  ];
  let [rows, longest] = [0, 0];
  for (const example of suspects) {
    const cut = task.lengths(example, tokenizer, settings).filter(({ tokens, most }) => tokens > most);
    if (cut.length > 0) rows++;
    longest = cut.reduce((max, { tokens }) => Math.max(max, tokens), longest);
  }
  return { rows, longest, max_length: settings.maxLength };
}
