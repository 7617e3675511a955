import { InputError } from '../errors.ts';
import type { Dataset } from './examples.ts';
import { fieldOf, listOf, textOf } from './fields.ts';
import type { Column, Data, Part, Row, Rows } from './source.ts';
import { rowsOf } from './source-of.ts';
import type { Question } from './windows.ts';

/** Questions with their answers, as SQuAD has them. */
export type QuestionDataset = Dataset<Question, 'exact_match' | 'f1'>;

const columns: readonly Column[] = [
  { name: 'id', optional: true },
  { name: 'question' },
  { name: 'context' },
  { name: 'answers' },
];

/**
 * Reads questions with their answers: from a file of SQuAD v1.1, or from rows with the columns of SQuAD on the hub, `question`,
 * `context` and `answers`, and an `id` for messages and predictions. Answers are lists of `text` and `answer_start`, which counts code
 * points as Python does, or a list of objects with both; in memory they may have `start` instead, which counts as JavaScript does.
 *
 * @returns the questions in their order; answers are where JavaScript counts them, in UTF-16 code units
 * @throws InputError naming the file, and the question where there is one: unreadable, a field that is missing, a context without text, a
 *   question without an answer, an answer that does not stand where `answer_start` says
 */
export async function readQuestions(data: Data | Rows): Promise<QuestionDataset> {
  const rows = rowsOf(data, 'question-answering');
  const { name, place = name } = rows;
  const examples: Question[] = [];
  const startsOf = rememberedStarts();
  for await (const part of rows.parts(columns))
    for (const row of part.rows) examples.push(questionOf(part, row, startsOf));
  if (examples.length === 0) throw new InputError(`${place} has no questions`);
  return { name, examples, labels: null, metrics: ['exact_match', 'f1'], warnings: [] };
}

type StartsOf = (context: string) => readonly number[] | null;

function questionOf({ file, unit }: Part, { number, name, cells, problem }: Row, startsOf: StartsOf): Question {
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
  if (answers.length === 0) {
    throw new InputError(`${place} has no answer; in SQuAD v1.1 every question has one (v2.0 is not supported)`);
  }
  return { id, question, context, answers };
}

/** A list of answers, as in SQuAD's files, or one list for each of their fields, as on the hub. */
function listOfAnswers(place: string, row: object): readonly unknown[] {
  const answers = fieldOf(place, row, 'answers');
  if (Array.isArray(answers)) return answers;
  const starts = listOf(place, answers, 'answer_start');
  return listOf(place, answers, 'text').map((text, i) => ({ text, answer_start: starts[i] }));
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
