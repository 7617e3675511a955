import { BadRows } from './bad-rows.ts';
import { readOr, textOf } from './fields.ts';
import { RowsBeside } from './rows-beside.ts';
import type { Column, Data, Rows } from './source.ts';
import { rowsOf } from './source-of.ts';
import { usableParts } from './usable-parts.ts';
import type { Question } from './windows.ts';

export interface StreamQuestionsOptions {
  /** The names of the columns that are kept. */
  readonly keep?: readonly string[];
  /** Leave out rows that cannot be used, instead of an error that lists them. Default false. */
  readonly skipInvalid?: boolean;
  /** Told what was assumed, and at the end how many rows were left out. */
  readonly onWarning?: (message: string) => void;
}

/** A question that is to be answered, with other columns of its row. */
export interface QuestionRow {
  /** Its id is that of the row, or else its number. */
  readonly question: Question;
  /** The values of the columns that are kept, in their order. */
  readonly kept: Readonly<Record<string, unknown>>;
}

const columns: readonly Column[] = [{ name: 'id', optional: true }, { name: 'question' }, { name: 'context' }];

/**
 * Reads questions without their answers as they arrive, some at a time: rows with the columns `question` and `context`, and an `id`.
 *
 * @throws InputError while iterating, as `readExamples`; where rows cannot be used, some of those before the first one have been given by then
 */
export async function* streamQuestions(
  data: Data | Rows,
  { keep = [], skipInvalid = false, onWarning }: StreamQuestionsOptions = {},
): AsyncGenerator<QuestionRow[], void, undefined> {
  const rows = new RowsBeside(
    rowsOf(data),
    keep,
    columns.map(({ name }) => name),
  );
  const bad = new BadRows(skipInvalid);
  yield* usableParts(questionRows(rows, bad, onWarning), bad, rows.name, onWarning);
}

async function* questionRows(
  rows: RowsBeside,
  bad: BadRows,
  onNote: StreamQuestionsOptions['onWarning'],
): AsyncGenerator<QuestionRow[], void, undefined> {
  for await (const { file, unit, rows: part, notes = [] } of rows.parts(columns)) {
    for (const note of notes) onNote?.(note);
    const read: QuestionRow[] = [];
    for (const { number, cells, problem } of part) {
      const own = Object.fromEntries(columns.map(({ name }, i) => [name, cells[i]]));
      const question = problem ?? readOr(() => questionOf(own, number), String);
      if (typeof question === 'string') bad.add({ file, unit, number }, question);
      else read.push({ question, kept: rows.keptOf(number, own) });
    }
    yield read;
  }
}

/** @throws FieldProblem */
const questionOf = (row: Readonly<Record<string, unknown>>, number: number): Question => ({
  id: String(row.id ?? number),
  question: textOf(row, 'question'),
  context: textOf(row, 'context'),
  answers: [],
});
