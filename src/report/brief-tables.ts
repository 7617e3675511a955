import { abridged } from './axes.ts';
import type { PartOf, ReportPart } from './schema.ts';
import { confusionsTable, type ShownTable, shownTable } from './shown-tables.ts';

/** A table for a terminal, and a line below it where it does not show everything. */
export interface BriefTable extends ShownTable {
  readonly more?: string;
}

const MOST_CLASSES = 20;
/** So many of the classes with the lowest F1 are shown where there are more. */
const WORST_CLASSES = 12;
const MOST_CONFUSIONS = 10;
const MOST_EXAMPLES = 5;
const MOST_ROWS = 20;
/** In characters. */
const WIDTH = 100;
const LONGEST_NAME = 24;
const LONGEST_TEXT = 50;
const LONGEST_BAR = 30;

const shortened = (text: string, length: number): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  const letters = Array.from(line);
  return letters.length <= length ? line : `${letters.slice(0, length - 1).join('')}…`;
};

/** A name of a class, which keeps its end: names often begin alike. */
const shortName = (name: string): string => {
  const letters = Array.from(name.replace(/\s+/g, ' ').trim());
  return letters.length <= LONGEST_NAME ? letters.join('') : abridged(letters, LONGEST_NAME - 1);
};

/** The parts of a report as tables that a terminal can hold, for 2 classes and for 100. Empty ones are left out. */
export const briefTables = (parts: readonly ReportPart[]): BriefTable[] =>
  parts.map(briefTable).filter(({ rows }) => rows.length > 0);

function briefTable(part: ReportPart): BriefTable {
  switch (part.kind) {
    case 'classes':
      return briefClasses(part);
    case 'confusion':
      return briefConfusion(part);
    case 'histogram':
      return withBars(part);
    case 'examples':
      return briefExamples(part);
    default:
      return firstRows(shownTable(part), MOST_ROWS, 'rows');
  }
}

function firstRows(table: ShownTable, most: number, what: string): BriefTable {
  const { rows } = table;
  const short = rows.map((row) =>
    row.map((cell, i) => (table.words.includes(i) ? shortened(cell, LONGEST_TEXT) : cell)),
  );
  if (rows.length <= most) return { ...table, rows: short };
  return { ...table, rows: short.slice(0, most), more: `the first ${most} of ${rows.length} ${what}` };
}

function briefClasses(part: PartOf<'classes'>): BriefTable {
  const named = { ...part, classes: part.classes.map((row) => ({ ...row, name: shortName(row.name) })) };
  if (part.classes.length <= MOST_CLASSES) return shownTable(named);
  const worst = named.classes
    .toSorted((a, b) => (a.f1 ?? 0) - (b.f1 ?? 0) || b.support - a.support)
    .slice(0, WORST_CLASSES);
  const more = `the ${WORST_CLASSES} of ${part.classes.length} classes with the lowest F1`;
  return { ...shownTable({ ...named, classes: worst }), more };
}

function briefConfusion(part: PartOf<'confusion'>): BriefTable {
  const whole = shownTable(part);
  const width = (cells: readonly string[]) => cells.reduce((sum, cell) => sum + Math.max(4, cell.length) + 2, 0);
  if (part.names.length <= MOST_CLASSES && width([...whole.head, 'true class']) <= WIDTH) {
    return { ...whole, title: `${part.title} (columns: predictions)` };
  }
  const confusions = confusionsTable(part);
  const short = confusions.rows.map(([actual, predicted, ...rest]) => [
    shortName(actual),
    shortName(predicted),
    ...rest,
  ]);
  return firstRows(
    { ...confusions, title: 'Most frequent confusions', rows: short },
    MOST_CONFUSIONS,
    'kinds of errors',
  );
}

function withBars(part: PartOf<'histogram'>): BriefTable {
  const table = shownTable(part);
  const most = part.bins.reduce((largest, { count }) => Math.max(largest, count), 0);
  const bars = part.bins.map(({ count }) => '█'.repeat(Math.ceil((LONGEST_BAR * count) / most)));
  return {
    ...table,
    head: [...table.head, ''],
    words: [0, 2],
    rows: table.rows.map((row, i) => [...row, bars[i]]),
  };
}

function briefExamples(part: PartOf<'examples'>): BriefTable {
  const { rows, ...table } = shownTable(part);
  const short = rows.map(([value, expected, predicted, text]) => [
    value,
    shortName(expected),
    shortName(predicted),
    shortened(text, LONGEST_TEXT),
  ]);
  return firstRows({ ...table, rows: short }, MOST_EXAMPLES, 'that the report has');
}
