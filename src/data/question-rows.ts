import { InputError } from '../errors.ts';
import { shown } from '../settings/index.ts';
import { BadRows } from './bad-rows.ts';
import { FieldProblem, fieldOf, listOf, readOr, textOf } from './fields.ts';
import type { QuestionDataset, QuestionOptions } from './read-questions.ts';
import type { Column, Row, Rows } from './source.ts';
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
export async function questionsIn(rows: Rows, { known, skipInvalid }: QuestionOptions): Promise<QuestionDataset> {
  const { name, place = name } = rows;
  const bad = new BadRows(skipInvalid);
  const examples: Question[] = [];
  const startsOf = rememberedStarts();
  for await (const { file, unit, rows: some } of rows.parts(columns)) {
    for (const row of some) {
      const read = row.problem ?? readOr(() => questionOf(row, startsOf), String);
      const isForbidden = typeof read === 'object' && known?.hasUnanswerable === false && read.answers.length === 0;
      const place = { file, unit, number: row.number, name: row.name };
      if (typeof read === 'string') bad.add(place, read);
      else if (isForbidden) bad.add(place, 'there is no answer', ANSWER_HINT);
      else examples.push(read);
    }
  }
  if (examples.length === 0 && bad.count === 0) throw new InputError(`${place} has no questions`);
  const skipped = bad.finish(name, examples.length);
  const unanswered = examples.filter(({ answers }) => answers.length === 0).length;
  const metrics = (known?.hasUnanswerable ?? unanswered > 0) ? unansweredMetrics : answeredMetrics;
  const line = `${unanswered} of ${examples.length} questions of ${name} have no answer: the model may say so, and the scores are those of SQuAD 2.0`;
  const warnings = [...skipped, ...(unanswered > 0 && !known ? [line] : [])];
  return { name, examples, labels: null, metrics: [...metrics], warnings, ...bad.skipped };
}

const ANSWER_HINT =
  "in SQuAD 1.1 every question has one, give data with others with --task squad_v2 (task: 'squad_v2')";

type StartsOf = (context: string) => readonly number[] | null;

/** @throws FieldProblem */
function questionOf({ number, cells }: Row, startsOf: StartsOf): Question {
  const row = Object.fromEntries(columns.map((column, i) => [column.name, cells[i]]));
  const id = row.id === undefined || row.id === null ? String(number) : textOf(row, 'id');
  const question = textOf(row, 'question');
  const context = textOf(row, 'context');
  const starts = startsOf(context);
  const answers = listOfAnswers(row).map((answer) => {
    const text = textOf(answer, 'text');
    const { start, written } = positionOf(answer, starts);
    if (context.startsWith(text, start)) return { text, start };
    const there = context.slice(start, start + text.length);
    throw new FieldProblem(`at answer_start ${written} the context has '${there}', not '${text}'`);
  });
  return { id, question, context, answers };
}

/** A list of answers, as in SQuAD's files, or one list for each of their fields, as on the hub; none, where there is no answer. */
function listOfAnswers(row: Readonly<Record<string, unknown>>): readonly unknown[] {
  const isImpossible = isTrue(row.is_impossible);
  const answers = isImpossible ? (row.answers ?? null) : fieldOf(row, 'answers');
  const list = answers === null ? [] : Array.isArray(answers) ? answers : fromFields(answers);
  if (isImpossible && list.length > 0) throw new FieldProblem('there are answers, and "is_impossible" is true');
  return list;
}

function fromFields(answers: unknown): unknown[] {
  const starts = listOf(answers, 'answer_start');
  return listOf(answers, 'text').map((text, i) => ({ text, answer_start: starts[i] }));
}

/** @throws FieldProblem for what is no truth value */
function isTrue(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  throw new FieldProblem(`"is_impossible" is ${shown(value)}, which is neither true nor false`);
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

/** Reads the start of an answer, in code units. @throws FieldProblem */
function positionOf(
  answer: unknown,
  starts: readonly number[] | null,
): { readonly start: number; readonly written: unknown } {
  const isOwn = typeof answer === 'object' && answer !== null && 'start' in answer && !('answer_start' in answer);
  const value = fieldOf(answer, isOwn ? 'start' : 'answer_start');
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
    throw new FieldProblem(
      `answer_start ${typeof value === 'bigint' ? value : JSON.stringify(value)} is not a position`,
    );
  const start = isOwn || !starts ? value : (starts[value] ?? Number.POSITIVE_INFINITY);
  return { start, written: value };
}
