import { InputError } from '../errors.ts';
import { shown } from '../settings/index.ts';
import { BadRows } from './bad-rows.ts';
import type { Dataset } from './examples.ts';
import type { Column, Data, Rows } from './source.ts';
import { rowsOf } from './source-of.ts';

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

/** Reads texts with choices from the files or rows that `readExamples` reads, too. @throws InputError as that */
export async function readChoices(
  data: Data | Rows,
  { text, choices, label = 'label', skipInvalid }: ChoiceOptions = {},
): Promise<Dataset<ChoiceExample, 'accuracy'>> {
  const rows = rowsOf(data, 'multiple-choice');
  const layout = { text: listOf(text), choices: listOf(choices), label };
  const columns = [
    ...(layout.text?.map(required) ?? ['text', 'sent1', 'sent2'].map(optional)),
    ...(layout.choices?.map(required) ?? ['choices', ...endings].map(optional)),
    ...(label === null ? [] : [required(label)]),
  ];
  const bad = new BadRows(skipInvalid);
  const examples: ChoiceExample[] = [];
  const seen = new Set<string>();
  for await (const { file, unit, rows: some } of rows.parts(columns)) {
    for (const { number, cells, problem } of some) {
      const row = new Map(columns.map(({ name }, i) => [name, cells[i] ?? null]));
      for (const [name, cell] of row) if (cell !== null) seen.add(name);
      const example = problem ?? exampleOf(row, layout);
      if (typeof example === 'string') bad.add({ file, unit, number }, example);
      else examples.push(example);
    }
  }
  if (examples.length === 0) refuseMissing(rows.place ?? rows.name, layout, seen);
  const warnings = bad.finish(rows.name, examples.length);
  return { name: rows.name, examples, labels: null, metrics: label === null ? [] : ['accuracy'], warnings };
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
