import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../../errors.ts';
import { isFolder } from '../../io/index.ts';
import { taskNamed } from '../datasets.ts';
import { quoted } from '../quoted.ts';
import { type RetrievalSet, relevantPairs } from '../retrieval-set.ts';
import type { Column, Part, Source, SourceKind, Split } from '../source.ts';
import { tableParts } from '../table-formats.ts';

/** The judgements of each split, the first that is there. */
const qrelsFiles: Readonly<Record<Split, readonly string[]>> = { train: ['train'], evaluation: ['dev', 'test'] };

/**
 * A folder in the layout of BEIR: `corpus.jsonl` and `queries.jsonl` with `_id` and `text`, documents with a `title` before it if they have
 * one, and `qrels/train.tsv`, `dev.tsv`, `test.tsv` with the columns `query-id`, `corpus-id`, `score`. Its rows are the pairs of a query
 * (`text`) and a relevant document (`textPair`). It is judged on `dev`, where there is one, else on `test`.
 *
 * @throws InputError for a split whose judgements are not there
 */
export const beirFolder = (folder: string): Source => ({
  open(split) {
    const paths = qrelsFiles[split].map((name) => join(folder, 'qrels', `${name}.tsv`));
    const path = paths.find((candidate) => existsSync(candidate));
    if (path === undefined) throw new InputError(`${folder} has no ${qrelsNames(split)}, the judgements of queries`);
    return {
      name: `${basename(folder)} ${basename(path, '.tsv')}`,
      place: path,
      split,
      parts: (columns) => pairs(folder, path, columns),
      retrieval: () => readSet(folder, path),
    };
  },
});

const qrelsNames = (split: Split): string => qrelsFiles[split].map((name) => `qrels/${name}.tsv`).join(' or ');

/** The queries with their relevant documents, in the order of the judgements. */
async function* pairs(folder: string, path: string, columns: readonly Column[]): AsyncGenerator<Part, void, undefined> {
  const set = await readSet(folder, path);
  const relevant = Object.values(set.qrels).flatMap((grades) => Object.values(grades).filter((grade) => grade > 0));
  const examples = relevantPairs(set);
  const empty = relevant.length - examples.length;
  const rows = examples.map(({ text, textPair }, i) => {
    const fields: Readonly<Record<string, string>> = { text, textPair };
    return { number: i + 1, cells: columns.map(({ name }) => fields[name]) };
  });
  const notes =
    empty > 0 ? [`${path}: left out ${empty} of ${relevant.length} pairs, as one of their texts is empty`] : [];
  yield { file: path, unit: 'row', rows, notes };
}

async function readSet(folder: string, path: string): Promise<RetrievalSet> {
  const qrels = await readQrels(path);
  const documents = await readTexts(join(folder, 'corpus.jsonl'), [
    { name: 'title', optional: true },
    { name: 'text' },
  ]);
  const queries = await readTexts(join(folder, 'queries.jsonl'), [{ name: 'text' }]);
  for (const [query, grades] of qrels) {
    if (!queries.has(query)) throw new InputError(`${path} judges query ${quoted(query)}, which queries.jsonl lacks`);
    const lost = [...grades.keys()].find((id) => !documents.has(id));
    if (lost !== undefined) throw new InputError(`${path} judges document ${quoted(lost)}, which corpus.jsonl lacks`);
  }
  return {
    documents,
    queries: new Map([...queries].filter(([id]) => qrels.has(id))),
    qrels: Object.fromEntries([...qrels].map(([query, grades]) => [query, Object.fromEntries(grades)])),
  };
}

/** The texts of a file by `_id`; where there are two columns, those that are not empty with a blank between them. */
async function readTexts(path: string, columns: readonly Column[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for await (const { place, cells } of rowsIn(path, [{ name: '_id' }, ...columns])) {
    const [id, ...parts] = cells.map((cell, i) => textIn(place, ['_id', ...columns.map(({ name }) => name)][i], cell));
    if (texts.has(id)) throw new InputError(`${place}: the id ${quoted(id)} is there twice`);
    texts.set(id, parts.filter((part) => part !== '').join(' '));
  }
  return texts;
}

/** A cell that is a text, or an id that is written as a number. */
function textIn(place: string, column: string, cell: unknown): string {
  if (typeof cell === 'string') return cell.trim();
  if (cell === undefined || cell === null) return '';
  if (column === '_id' && typeof cell === 'number') return String(cell);
  throw new InputError(`${place}: '${column}' is not a text`);
}

async function readQrels(path: string): Promise<Map<string, Map<string, number>>> {
  const qrels = new Map<string, Map<string, number>>();
  const columns = [{ name: 'query-id' }, { name: 'corpus-id' }, { name: 'score' }];
  for await (const { place, cells } of rowsIn(path, columns)) {
    const [query, document, score] = cells.map(String);
    const grade = Number(score);
    if (score === '' || !Number.isFinite(grade)) throw new InputError(`${place}: score ${quoted(score)} is no number`);
    const grades = qrels.get(query) ?? new Map<string, number>();
    qrels.set(query, grades.set(document, grade));
  }
  return qrels;
}

/** The rows of a table with their places. @throws InputError for a row that cannot be read */
async function* rowsIn(
  path: string,
  columns: readonly Column[],
): AsyncGenerator<{ readonly place: string; readonly cells: readonly unknown[] }, void, undefined> {
  for await (const { rows, unit } of tableParts(path, columns)) {
    for (const { number, cells, problem } of rows) {
      const place = `${path}, ${unit} ${number}`;
      if (problem !== undefined) throw new InputError(`${place}: ${problem}`);
      yield { place, cells };
    }
  }
}

/** A folder for a task of embeddings. */
export const beir: SourceKind = ({ data, task }) =>
  taskNamed(task) === 'feature-extraction' && typeof data === 'string' && isFolder(data) ? beirFolder(data) : null;
