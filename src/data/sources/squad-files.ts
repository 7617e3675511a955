import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../../errors.ts';
import { isFolder } from '../../io/index.ts';
import { taskNamed } from '../datasets.ts';
import { listOf, readOr, textOf } from '../fields.ts';
import { readText } from '../files.ts';
import { type Column, type Part, type Row, type Rows, type Source, type SourceKind, unsplit } from '../source.ts';
import { isTable } from '../table-formats.ts';

/** A folder with SQuAD: a file whose name begins with `train`, and one with `dev`, both ending in `.json`. */
export const squadFolder = (folder: string): Source => ({
  open: (split) => ({ ...squadRows(squadFile(folder, split === 'train' ? 'train' : 'dev')), split }),
});

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

/**
 * The questions of a SQuAD v1.1 file as rows with the columns of SQuAD on the hub, in the order of the file: `data`, articles with
 * `paragraphs`, each a `context` with `qas`. What cannot be read is a row with a problem.
 */
export const squadRows = (path: string): Rows => ({
  name: basename(path),
  place: path,
  async *parts(columns): AsyncGenerator<Part, void, undefined> {
    const file = { file: path, unit: 'row' } as const;
    const articles = readOr(
      () => listOf(parse(path), 'data'),
      (problem) => {
        throw new InputError(`${path}: ${problem}`);
      },
    );
    let number = 1;
    for (const [a, article] of articles.entries()) {
      const rows = articleRows(`article ${a + 1}`, article, columns, number);
      number += rows.length;
      yield { ...file, rows };
    }
  },
});

/** The questions of an article; what has none to read is a row with a problem. */
function articleRows(name: string, article: unknown, columns: readonly Column[], first: number): Row[] {
  const rows: Row[] = [];
  const add = (row: Omit<Row, 'number'>) => rows.push({ number: first + rows.length, ...row });
  const listed = <Item>(of: string, read: () => readonly Item[]): readonly Item[] =>
    readOr(read, (problem) => {
      add({ name: of, cells: [], problem });
      return [];
    });
  for (const [p, paragraph] of listed(name, () => listOf(article, 'paragraphs')).entries()) {
    const place = `${name}, paragraph ${p + 1}`;
    const questions = listed(place, () => {
      const context = textOf(paragraph, 'context');
      return listOf(paragraph, 'qas').map((qa) => ({ qa, context }));
    });
    for (const [q, { qa, context }] of questions.entries()) {
      const unnamed = `${place}, question ${q + 1}`;
      add(
        readOr(
          () => {
            const id = textOf(qa, 'id');
            const fields: Readonly<Record<string, unknown>> = { ...(qa as object), id, context };
            return { name: `question ${id}`, cells: columns.map(({ name: column }) => fields[column]) };
          },
          (problem) => ({ name: unnamed, cells: [], problem }),
        ),
      );
    }
  }
  return rows;
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path} is not valid JSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** Files for a task of questions that are no tables. */
export const squad: SourceKind = ({ data, task }) => {
  if (taskNamed(task) !== 'question-answering' || typeof data !== 'string' || isTable(data)) return null;
  return isFolder(data) ? squadFolder(data) : unsplit(squadRows(data));
};
