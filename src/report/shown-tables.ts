import { edgeText, numberText, percentText, scoreText } from './number-text.ts';
import type { PartOf, ReportPart } from './schema.ts';

/** A part of a report as texts in rows: what the terminal shows, and what stands behind a plot. */
export interface ShownTable {
  readonly title: string;
  /** Of the columns; empty for names and values. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns that hold words; the others stand on the right. */
  readonly words: readonly number[];
  /** Rows at the end that sum up the others. */
  readonly summary?: readonly (readonly string[])[];
}

type Show<Kind extends ReportPart['kind']> = (part: PartOf<Kind>) => ShownTable;

const intervalText = ({ from, to }: { readonly from: number; readonly to: number }): string =>
  from === to ? edgeText(from) : `${edgeText(from)} to ${edgeText(to)}`;

const scoresHead = ['precision', 'recall', 'F1', 'support'];

const classes: Show<'classes'> = ({ title, classes: rows, averages }) => {
  const isCounted = rows.some(({ predicted }) => predicted !== undefined);
  const row = ({ name, precision, recall, f1, support, predicted }: (typeof rows)[number]) => [
    name,
    ...[precision, recall, f1].map(scoreText),
    numberText(support),
    ...(isCounted ? [predicted === undefined ? '' : numberText(predicted)] : []),
  ];
  return {
    title,
    head: ['class', ...scoresHead, ...(isCounted ? ['predicted'] : [])],
    rows: rows.map(row),
    words: [0],
    summary: averages.map((average) => row({ ...average, name: `${average.name} average` })),
  };
};

const confusion: Show<'confusion'> = ({ title, names, matrix }) => ({
  title,
  head: ['true class', ...names],
  rows: matrix.map((row, i) => [names[i], ...row.map(numberText)]),
  words: [0],
});

/** Errors of one kind: the class, what it was taken for, and how often. */
export interface Confusion {
  readonly actual: string;
  readonly predicted: string;
  readonly count: number;
  /** Of the examples of the class. */
  readonly share: number;
}

/** The errors of a confusion matrix, the most frequent ones first. */
export const confusionsOf = ({ names, matrix }: PartOf<'confusion'>): Confusion[] =>
  matrix
    .flatMap((row, i) => {
      const support = row.reduce((sum, count) => sum + count, 0);
      return row.flatMap((count, j) =>
        i === j || count === 0 ? [] : [{ actual: names[i], predicted: names[j], count, share: count / support }],
      );
    })
    .sort((a, b) => b.count - a.count || b.share - a.share);

/** The same as a table. */
export const confusionsTable = (part: PartOf<'confusion'>): ShownTable => ({
  title: 'Confusions',
  head: ['true class', 'predicted', 'examples', 'of the class'],
  rows: confusionsOf(part).map(({ actual, predicted, count, share }) => [
    actual,
    predicted,
    numberText(count),
    percentText(share),
  ]),
  words: [0, 1],
});

const calibration: Show<'calibration'> = ({ title, ece, mce, bins }) => ({
  title: `${title}: ECE ${scoreText(ece)}, largest gap ${scoreText(mce)}`,
  head: ['confidence', 'examples', 'mean confidence', 'accuracy', 'gap'],
  rows: bins
    .filter(({ count }) => count > 0)
    .map((bin) => [
      `${bin.from.toFixed(3)} to ${bin.to.toFixed(3)}`,
      numberText(bin.count),
      scoreText(bin.confidence),
      scoreText(bin.accuracy),
      scoreText(bin.accuracy - bin.confidence),
    ]),
  words: [0],
});

const scatter: Show<'scatter'> = ({ title, bins }) => ({
  title,
  head: ['true number', 'examples', 'mean prediction', 'mean absolute error'],
  rows: bins.map((bin) => [intervalText(bin), numberText(bin.count), numberText(bin.predicted), numberText(bin.error)]),
  words: [0],
});

const histogram: Show<'histogram'> = ({ title, axis, bins }) => ({
  title,
  head: [axis, 'examples'],
  rows: bins.map((bin) => [intervalText(bin), numberText(bin.count)]),
  words: [0],
});

const examples: Show<'examples'> = ({ title, measure, examples: rows }) => ({
  title,
  head: [measure, 'truth', 'prediction', 'text'],
  rows: rows.map(({ value, expected, predicted, texts }) => [
    numberText(value),
    expected,
    predicted,
    texts.join(' | '),
  ]),
  words: [1, 2, 3],
});

const numbers: Show<'numbers'> = ({ title, values }) => ({
  title,
  head: [],
  rows: Object.entries(values).map(([name, value]) => [name, scoreText(value)]),
  words: [0],
});

const table: Show<'table'> = ({ title, head, rows }) => ({
  title,
  head,
  rows: rows.map((row) => row.map((cell) => (typeof cell === 'string' ? cell : numberText(cell)))),
  words: head.flatMap((_, c) => (rows.every((row) => typeof row[c] !== 'number') ? [c] : [])),
});

const shows: { readonly [Kind in ReportPart['kind']]: Show<Kind> } = {
  ...{ classes, confusion, calibration, scatter, histogram, examples, numbers, table },
};

/** The numbers and texts of a part, all of them. */
export const shownTable = (part: ReportPart): ShownTable =>
  (shows[part.kind] as (part: ReportPart) => ShownTable)(part);
