import { InputError } from '../errors.ts';
import { shown } from '../settings/index.ts';
import { fieldOf, listOf, textOf } from './fields.ts';
import type { QuestionDataset, QuestionOptions } from './read-questions.ts';
import type { Column, Part, Row, Rows } from './source.ts';
import type { Question } from './windows.ts';

/** The scores of SQuAD 1.1, where every question has an answer. */
const answeredMetrics = ['exact_match', 'f1'] as const;

/** The scores of SQuAD 2.0, where some have none. */
const unansweredMetrics = ['exact', 'f1'] as const;

const columns: readonly Column[] = [
  { name: 'id', optional: true },
  { name: 'question' },
  { name: 'context' },
  { name: 'answers', optional: true },
  { name: 'is_impossible', optional: true },
];

/** The questions of rows, as `readQuestions` gives them. @throws InputError as that */
export async function questionsIn(rows: Rows, { known }: QuestionOptions): Promise<QuestionDataset> {
  const { name, place = name } = rows;
  const examples: Question[] = [];
  const startsOf = rememberedStarts();
  for await (const part of rows.parts(columns))
    for (const row of part.rows) examples.push(questionOf(part, row, startsOf, known?.hasUnanswerable ?? true));
  if (examples.length === 0) throw new InputError(`${place} has no questions`);
  const unanswered = examples.filter(({ answers }) => answers.length === 0).length;
  const metrics = (known?.hasUnanswerable ?? unanswered > 0) ? unansweredMetrics : answeredMetrics;
  const line = `${unanswered} of ${examples.length} questions of ${name} have no answer: the model may say so, and the scores are those of SQuAD 2.0`;
  return { name, examples, labels: null, metrics: [...metrics], warnings: unanswered > 0 && !known ? [line] : [] };
}

type StartsOf = (context: string) => readonly number[] | null;

function questionOf(
  { file, unit }: Part,
  { number, name, cells, problem }: Row,
  startsOf: StartsOf,
  mayBeUnanswerable: boolean,
): Question {
  const place = `${file}, ${name ?? `${unit} ${number}`}`;
  if (problem !== undefined) throw new InputError(`${place}: ${problem}`);
  const row = Object.fromEntries(columns.map((column, i) => [column.name, cells[i]]));
  const id = row.id === undefined || row.id === null ? String(number) : textOf(place, row, 'id');
  const question = textOf(place, row, 'question');
  const context = textOf(place, row, 'context');
  const starts = startsOf(context);
  const answers = listOfAnswers(place, row).map((answer) => {
    const text = textOf(place, answer, 'text');
    const { start, written } = positionOf(place, answer, starts);
    if (context.startsWith(text, start)) return { text, start };
    throw new InputError(
      `${place}: at answer_start ${written} the context has '${context.slice(start, start + text.length)}', not '${text}'`,
    );
  });
  if (answers.length === 0 && !mayBeUnanswerable) {
    throw new InputError(
      `${place} has no answer; in SQuAD 1.1 every question has one, give data with others with --task squad_v2 (task: 'squad_v2')`,
    );
  }
  return { id, question, context, answers };
}

/** A list of answers, as in SQuAD's files, or one list for each of their fields, as on the hub; none, where there is no answer. */
function listOfAnswers(place: string, row: Readonly<Record<string, unknown>>): readonly unknown[] {
  const isImpossible = isTrue(place, row.is_impossible);
  const answers = isImpossible ? (row.answers ?? null) : fieldOf(place, row, 'answers');
  const list = answers === null ? [] : Array.isArray(answers) ? answers : fromFields(place, answers);
  if (isImpossible && list.length > 0) throw new InputError(`${place} has answers, and says "is_impossible"`);
  return list;
}

function fromFields(place: string, answers: unknown): unknown[] {
  const starts = listOf(place, answers, 'answer_start');
  return listOf(place, answers, 'text').map((text, i) => ({ text, answer_start: starts[i] }));
}

/** @throws InputError for what is no truth value */
function isTrue(place: string, value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  throw new InputError(`${place}: "is_impossible" is ${shown(value)}, which is neither true nor false`);
}

/** Questions about one context follow each other. */
function rememberedStarts(): StartsOf {
  let [last, starts]: [string | null, readonly number[] | null] = [null, null];
  return (context) => {
    if (context !== last) [last, starts] = [context, codePointStarts(context)];
    return starts;
  };
}

/** Returns the start of each code point in UTF-16, if that is not the same: Python counts code points. */
function codePointStarts(context: string): readonly number[] | null {
  if (!/[\ud800-\udbff][\udc00-\udfff]/.test(context)) return null;
  const starts: number[] = [];
  for (let at = 0; at < context.length; at += (context.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) starts.push(at);
  return starts;
}

/** Reads the start of an answer, in code units. */
function positionOf(
  place: string,
  answer: unknown,
  starts: readonly number[] | null,
): { readonly start: number; readonly written: unknown } {
  const isOwn = typeof answer === 'object' && answer !== null && 'start' in answer && !('answer_start' in answer);
  const value = fieldOf(place, answer, isOwn ? 'start' : 'answer_start');
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
    throw new InputError(
      `${place}: answer_start ${typeof value === 'bigint' ? value : JSON.stringify(value)} is not a position`,
    );
  }
  const start = isOwn || !starts ? value : (starts[value] ?? Number.POSITIVE_INFINITY);
  return { start, written: value };
}
