import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/json.ts';
import type { Dataset } from './examples.ts';
import { readText } from './files.ts';
import { readParquet } from './parquet.ts';
import type { Question } from './windows.ts';

/** Questions with their answers, as SQuAD has them. */
export type QuestionDataset = Dataset<Question, 'exact_match' | 'f1'>;

/**
 * The questions of a SQuAD v1.1 file: `data`, articles with `paragraphs`, each a `context` with `qas`.
 *
 * @returns the questions in the order of the file; answers are where JavaScript counts them, in UTF-16 code units
 * @throws InputError naming the file, and the question where there is one: unreadable, not JSON, a field that is missing, a context
 *   without text, a question without an answer, an answer that does not stand where `answer_start` says
 */
export function readSquad(path: string): QuestionDataset {
  const file = parse(path);
  const examples = list(path, file, 'data').flatMap((article, a) =>
    list(`${path}, article ${a + 1}`, article, 'paragraphs').flatMap((paragraph, p) =>
      readParagraph(path, `article ${a + 1}, paragraph ${p + 1}`, paragraph),
    ),
  );
  return datasetOf(path, examples);
}

/**
 * The file of one split in a folder with SQuAD: the one whose name begins with `train` or `dev` and ends in `.json`.
 *
 * @throws InputError if there are none or several
 */
export function squadFile(folder: string, split: 'train' | 'dev'): string {
  const files = readdirSync(folder).filter((name) => name.startsWith(split) && name.endsWith('.json'));
  if (files.length === 1) return join(folder, files[0]);
  const found = files.length === 0 ? 'no file' : `several files (${files.sort().join(', ')})`;
  throw new InputError(`${folder} has ${found} named ${split}*.json; give one file`);
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path} is not valid JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function readParagraph(path: string, name: string, paragraph: unknown): Question[] {
  const context = readContext(`${path}, ${name}`, paragraph);
  return list(`${path}, ${name}`, paragraph, 'qas').map((qa, q) => {
    const id = text(`${path}, ${name}, question ${q + 1}`, qa, 'id');
    const place = `${path}, question ${id}`;
    const question = text(place, qa, 'question');
    return withAnswers(place, { id, question, context }, list(place, qa, 'answers'));
  });
}

/**
 * The questions of Parquet files as the dataset `rajpurkar/squad` of the hub has them, with the columns `id`, `question`, `context`
 * and `answers`, lists of `text` and `answer_start`.
 *
 * @returns as {@link readSquad}
 * @throws InputError naming the file and row, or the question: what {@link readParquet} and {@link readSquad} throw
 */
export async function readSquadTable(paths: readonly string[]): Promise<QuestionDataset> {
  const examples: Question[] = [];
  for (const path of paths) {
    const rows = await readParquet(path, ['id', 'question', 'context', 'answers']);
    rows.forEach((row, i) => {
      const place = `${path}, row ${i + 1}`;
      const answers = field(place, row, 'answers');
      const starts = list(place, answers, 'answer_start');
      const given = list(place, answers, 'text').map((answer, a) => ({ text: answer, answer_start: starts[a] }));
      const [id, question] = [text(place, row, 'id'), text(place, row, 'question')];
      examples.push(withAnswers(place, { id, question, context: readContext(place, row) }, given));
    });
  }
  return datasetOf(paths[0], examples);
}

function datasetOf(path: string, examples: Question[]): QuestionDataset {
  if (examples.length === 0) throw new InputError(`${path} has no questions`);
  return { name: basename(path), examples, labels: null, metrics: ['exact_match', 'f1'], warnings: [] };
}

interface Context {
  readonly text: string;
  /** See {@link codePointStarts}. */
  readonly starts: readonly number[] | null;
}

function readContext(place: string, object: unknown): Context {
  const context = text(place, object, 'context');
  return { text: context, starts: codePointStarts(context) };
}

type Asked = Pick<Question, 'id' | 'question'> & { readonly context: Context };

/** A question with its answers, which are checked. */
function withAnswers(place: string, { id, question, context }: Asked, given: readonly unknown[]): Question {
  const answers = given.map((answer) => {
    const expected = text(place, answer, 'text');
    const start = positionOf(place, answer, context.starts);
    if (context.text.startsWith(expected, start)) return { text: expected, start };
    throw new InputError(
      `${place}: at answer_start ${field(place, answer, 'answer_start')} the context has '${context.text.slice(start, start + expected.length)}', not '${expected}'`,
    );
  });
  if (answers.length === 0) {
    throw new InputError(`${place} has no answer; in SQuAD v1.1 every question has one (v2.0 is not supported)`);
  }
  return { id, question, context: context.text, answers };
}

/** Where each code point begins in UTF-16, if that is not the same: Python counts code points. */
function codePointStarts(context: string): readonly number[] | null {
  if (!/[\ud800-\udbff][\udc00-\udfff]/.test(context)) return null;
  const starts: number[] = [];
  for (let at = 0; at < context.length; at += (context.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) starts.push(at);
  return starts;
}

function positionOf(place: string, answer: unknown, starts: readonly number[] | null): number {
  const value = field(place, answer, 'answer_start');
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0)
    return starts ? (starts[value] ?? Infinity) : value;
  throw new InputError(
    `${place}: answer_start ${typeof value === 'bigint' ? value : JSON.stringify(value)} is not a position`,
  );
}

function field(place: string, object: unknown, name: string): unknown {
  if (!isJsonObject(object) || !Object.hasOwn(object, name)) throw new InputError(`${place} has no "${name}"`);
  return object[name];
}

function list(place: string, object: unknown, name: string): unknown[] {
  const value = field(place, object, name);
  if (Array.isArray(value)) return value;
  throw new InputError(`${place}: "${name}" is not a list`);
}

function text(place: string, object: unknown, name: string): string {
  const value = field(place, object, name);
  if (typeof value !== 'string') throw new InputError(`${place}: "${name}" is not a text`);
  if (value.trim() === '') throw new InputError(`${place}: "${name}" is empty`);
  return value;
}
