import { InputError } from '../errors.ts';
import { shown } from '../settings/index.ts';
import { BadRows } from './bad-rows.ts';
import type { Dataset } from './examples.ts';
import { RowsBeside } from './rows-beside.ts';
import type { Column, Data, Rows } from './source.ts';
import { rowsOf } from './source-of.ts';
import { usableParts } from './usable-parts.ts';

/** A text with choices, one of which is right. */
export interface ChoiceExample {
  readonly text: string;
  readonly choices: readonly string[];
  /** The number of the right one, from 0; absent where it is not known. */
  readonly label?: number;
}

export interface ChoiceOptions {
  /** The column with the text, or that and the column with the beginning of each choice. Default: `text`, else `sent1` and `sent2` as in SWAG */
  readonly text?: string | readonly string[];
  /** The column with the list of choices, or those with one choice each. Default: `choices`, else `ending0`, `ending1` and so on */
  readonly choices?: string | readonly string[];
  /** The column with the number of the right choice; null: the examples have none. Default `label` */
  readonly label?: string | null;
  /** Leave out rows that cannot be used, with a warning that counts them, instead of an error that lists them. Default false. */
  readonly skipInvalid?: boolean;
}

/** So many choices may stand in columns of their own. */
const MOST_ENDINGS = 10;
const endings = Array.from({ length: MOST_ENDINGS }, (_, i) => `ending${i}`);

const listOf = (names: string | readonly string[] | undefined) => (names === undefined ? undefined : [names].flat());
const optional = (name: string): Column => ({ name, optional: true });
const required = (name: string): Column => ({ name });

/** A text with choices, with other columns of its row. */
export interface ChoiceRow {
  readonly example: ChoiceExample;
  /** The values of the columns that are kept, in their order. */
  readonly kept: Readonly<Record<string, unknown>>;
}

/** Reads texts with choices from the files or rows that `readExamples` reads, too. @throws InputError as that */
export async function readChoices(
  data: Data | Rows,
  { label = 'label', ...options }: ChoiceOptions = {},
): Promise<Dataset<ChoiceExample, 'accuracy'>> {
  const rows = rowsOf(data, 'multiple-choice');
  const bad = new BadRows(options.skipInvalid);
  const examples: ChoiceExample[] = [];
  for await (const part of choiceRows(rows, { ...options, label }, bad)) {
    for (const { example } of part) examples.push(example);
  }
  const warnings = bad.finish(rows.name, examples.length);
  const metrics = label === null ? [] : (['accuracy'] as const);
  return { name: rows.name, examples, labels: null, metrics: [...metrics], warnings, ...bad.skipped };
}

export interface StreamChoicesOptions extends Omit<ChoiceOptions, 'label'> {
  /** The names of the columns that are kept. */
  readonly keep?: readonly string[];
  /** Told what was assumed, and at the end how many rows were left out. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Reads texts with choices as they arrive, some at a time, without knowing the right one.
 *
 * @throws InputError while iterating, as `readExamples`; where rows cannot be used, some of those before the first one have been given by then
 */
export async function* streamChoices(
  data: Data | Rows,
  { onWarning, ...options }: StreamChoicesOptions = {},
): AsyncGenerator<ChoiceRow[], void, undefined> {
  const rows = rowsOf(data, 'multiple-choice');
  const bad = new BadRows(options.skipInvalid);
  yield* usableParts(choiceRows(rows, { ...options, label: null }, bad), bad, rows.name, onWarning);
}

async function* choiceRows(
  source: Rows,
  {
    text,
    choices,
    label,
    keep = [],
  }: Pick<ChoiceOptions, 'text' | 'choices'> & {
    readonly label: string | null;
    readonly keep?: readonly string[];
  },
  bad: BadRows,
): AsyncGenerator<ChoiceRow[], void, undefined> {
  const layout = { text: listOf(text), choices: listOf(choices), label };
  const columns = [
    ...(layout.text?.map(required) ?? ['text', 'sent1', 'sent2'].map(optional)),
    ...(layout.choices?.map(required) ?? ['choices', ...endings].map(optional)),
    ...(label === null ? [] : [required(label)]),
  ];
  const rows = new RowsBeside(
    source,
    keep,
    columns.map(({ name }) => name),
  );
  const seen = new Set<string>();
  let isUsed = false;
  for await (const { file, unit, rows: some, notes = [] } of rows.parts(columns)) {
    for (const note of notes) bad.note(note);
    const read: ChoiceRow[] = [];
    for (const { number, cells, problem } of some) {
      const row = new Map(columns.map(({ name }, i) => [name, cells[i] ?? null]));
      for (const [name, cell] of row) if (cell !== null) seen.add(name);
      const example = problem ?? exampleOf(row, layout);
      if (typeof example === 'string') bad.add({ file, unit, number }, example);
      else read.push({ example, kept: rows.keptOf(number, Object.fromEntries(row)) });
    }
    isUsed ||= read.length > 0;
    yield read;
  }
  if (!isUsed) refuseMissing(source.place ?? source.name, layout, seen);
}

/** @throws InputError if the rows have no column of those that are known */
function refuseMissing(place: string, { text, choices }: Layout, seen: ReadonlySet<string>): void {
  const missing = (key: string, what: string, names: string) =>
    new InputError(`${place} has no column ${names}; name ${what} with --${key} (${key}).`);
  if (!text && !seen.has('text') && !seen.has('sent1'))
    throw missing('text', 'the one with the text', "'text' or 'sent1'");
  if (choices || seen.has('choices') || seen.has(endings[0])) return;
  throw missing('choices', 'the one with lists of choices, or those with one each,', "'choices' or 'ending0'");
}

/** Cells by the names of their columns; null where there is none. */
type Cells = ReadonlyMap<string, unknown>;

interface Layout {
  readonly text?: readonly string[];
  readonly choices?: readonly string[];
  readonly label: string | null;
}

/** The example of a row, or what is wrong with it. */
function exampleOf(row: Cells, layout: Layout): ChoiceExample | string {
  const [context, start] = layout.text ?? (row.get('text') === null ? ['sent1', 'sent2'] : ['text']);
  const text = trimmed(row.get(context));
  if (text === '') return `no text in '${layout.text ? context : "text' or 'sent1"}'`;
  const beginning = start === undefined ? '' : trimmed(row.get(start));
  const found = choicesOf(row, layout);
  if (typeof found === 'string') return found;
  const empty = found.findIndex((choice) => trimmed(choice) === '');
  if (empty >= 0) return `choice ${empty} is ${shown(found[empty])} and no text`;
  if (found.length < 2) return `${found.length === 1 ? 'one choice' : 'no choices'}; there must be two or more`;
  const choices = found.map((choice) => [beginning, trimmed(choice)].filter((part) => part !== '').join(' '));
  if (layout.label === null) return { text, choices };
  const label = numberOf(row.get(layout.label));
  if (label !== null && choices[label] !== undefined) return { text, choices, label };
  const value = row.get(layout.label);
  if (value === null || value === '') return `no value for '${layout.label}'`;
  return `'${layout.label}' is ${shown(value)} and no number of a choice, from 0 to ${choices.length - 1}`;
}

function choicesOf(row: Cells, { choices }: Layout): readonly unknown[] | string {
  const isList = choices ? choices.length === 1 : row.get('choices') !== null;
  if (!isList) return (choices ?? endings.filter((name) => row.get(name) !== null)).map((name) => row.get(name));
  const [name] = choices ?? ['choices'];
  const list = row.get(name);
  return Array.isArray(list) ? list : `'${name}' is ${shown(list)} and no list of choices`;
}

const trimmed = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

/** The number of a choice as a number, or as a text as in CSV; null for anything else. */
function numberOf(value: unknown): number | null {
  if (typeof value === 'string') return /^\d+$/.test(value.trim()) ? Number(value) : null;
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
}
