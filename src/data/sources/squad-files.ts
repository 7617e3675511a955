import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../../errors.ts';
import { isFolder } from '../../io/index.ts';
import { taskNamed } from '../datasets.ts';
import { listOf, textOf } from '../fields.ts';
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
 * `paragraphs`, each a `context` with `qas`.
 */
export const squadRows = (path: string): Rows => ({
  name: basename(path),
  place: path,
  async *parts(columns): AsyncGenerator<Part, void, undefined> {
    let number = 0;
    const articles = listOf(path, parse(path), 'data');
    for (const [a, article] of articles.entries()) {
      const paragraphs = listOf(`${path}, article ${a + 1}`, article, 'paragraphs');
      for (const [p, paragraph] of paragraphs.entries()) {
        const rows = questions(`${path}, article ${a + 1}, paragraph ${p + 1}`, paragraph, columns, number);
        number += rows.length;
        yield { file: path, unit: 'row', rows };
      }
    }
  },
});

function questions(place: string, paragraph: unknown, columns: readonly Column[], before: number): Row[] {
  const context = textOf(place, paragraph, 'context');
  return listOf(place, paragraph, 'qas').map((qa, q) => {
    const id = textOf(`${place}, question ${q + 1}`, qa, 'id');
    const fields: Readonly<Record<string, unknown>> = { ...(qa as object), id, context };
    return { number: before + q + 1, name: `question ${id}`, cells: columns.map(({ name }) => fields[name]) };
  });
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
