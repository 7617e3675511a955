import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../../errors.ts';
import { isFolder } from '../../io/index.ts';
import type { RowPlace } from '../bad-rows.ts';
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
      retrieval: (bad) => readSet(folder, path, (place, problem) => bad.add(place, problem)),
    };
  },
});

const qrelsNames = (split: Split): string => qrelsFiles[split].map((name) => `qrels/${name}.tsv`).join(' or ');

/** The queries with their relevant documents, in the order of the judgements, after what cannot be read. */
async function* pairs(folder: string, path: string, columns: readonly Column[]): AsyncGenerator<Part, void, undefined> {
  const unread: Part[] = [];
  const set = await readSet(folder, path, ({ file, unit, number }, problem) => {
    unread.push({ file, unit, rows: [{ number, cells: [], problem }] });
  });
  yield* unread;
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

/** Told where a row is and what is wrong with it. */
type OnBad = (place: RowPlace, problem: string) => void;

async function readSet(folder: string, path: string, onBad: OnBad): Promise<RetrievalSet> {
  const documents = await readTexts(join(folder, 'corpus.jsonl'), ['title', 'text'], onBad);
  const queries = await readTexts(join(folder, 'queries.jsonl'), ['text'], onBad);
  const qrels = await readQrels(path, { documents, queries }, onBad);
  return {
    documents,
    queries: new Map([...queries].filter(([id]) => qrels.has(id))),
    qrels: Object.fromEntries([...qrels].map(([query, grades]) => [query, Object.fromEntries(grades)])),
  };
}

/** The texts of a file by `_id`; of two columns those that are not empty with a blank between them. The first may be missing. */
async function readTexts(path: string, columns: readonly string[], onBad: OnBad): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const named = ['_id', ...columns];
  const asked = named.map((name) => ({ name, optional: name === 'title' }));
  for await (const { place, cells } of rowsIn(path, asked, onBad)) {
    const values = cells.map((cell, i) => textIn(named[i], cell));
    const strange = values.indexOf(null);
    const [id, ...parts] = values;
    if (strange >= 0) onBad(place, `'${named[strange]}' is not a text`);
    else if (!id) onBad(place, "no value for '_id'");
    else if (texts.has(id)) onBad(place, `the id ${quoted(id)} is there twice`);
    else texts.set(id, parts.filter((part) => part !== '').join(' '));
  }
  return texts;
}

/** A cell that is a text, or an id that is written as a number; null for anything else. */
function textIn(column: string, cell: unknown): string | null {
  if (typeof cell === 'string') return cell.trim();
  if (cell === undefined || cell === null) return '';
  return column === '_id' && typeof cell === 'number' ? String(cell) : null;
}

async function readQrels(
  path: string,
  { documents, queries }: Pick<RetrievalSet, 'documents' | 'queries'>,
  onBad: OnBad,
): Promise<Map<string, Map<string, number>>> {
  const qrels = new Map<string, Map<string, number>>();
  const columns = [{ name: 'query-id' }, { name: 'corpus-id' }, { name: 'score' }];
  for await (const { place, cells } of rowsIn(path, columns, onBad)) {
    const [query, document, score] = cells.map(String);
    const grade = Number(score);
    if (score === '' || !Number.isFinite(grade)) onBad(place, `score ${quoted(score)} is no number`);
    else if (!queries.has(query)) onBad(place, `query ${quoted(query)} is not in queries.jsonl`);
    else if (!documents.has(document)) onBad(place, `document ${quoted(document)} is not in corpus.jsonl`);
    else qrels.set(query, (qrels.get(query) ?? new Map<string, number>()).set(document, grade));
  }
  return qrels;
}

/** The rows of a table that can be read, with their places. */
async function* rowsIn(
  path: string,
  columns: readonly Column[],
  onBad: OnBad,
): AsyncGenerator<{ readonly place: RowPlace; readonly cells: readonly unknown[] }, void, undefined> {
  for await (const { rows, unit } of tableParts(path, columns)) {
    for (const { number, cells, problem } of rows) {
      const place = { file: path, unit, number };
      if (problem === undefined) yield { place, cells };
      else onBad(place, problem);
    }
  }
}

/** A folder for a task of embeddings. */
export const beir: SourceKind = ({ data, task }) =>
  taskNamed(task) === 'feature-extraction' && typeof data === 'string' && isFolder(data) ? beirFolder(data) : null;
