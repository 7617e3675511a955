import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../../errors.ts';
import { isFolder } from '../../io/index.ts';
import { missingColumn } from '../columns.ts';
import { taskNamed } from '../datasets.ts';
import { readLines } from '../files.ts';
import { quoted } from '../quoted.ts';
import { type Part, type Row, type Rows, type Source, type SourceKind, type Split, unsplit } from '../source.ts';
import { isTable } from '../table-formats.ts';

/** Whether a file holds tagged words, by its extension. */
export const isConll = (path: string): boolean => /\.(conll\w*|iob2?|bio)$/i.test(path);

/** The columns of a CoNLL file under the names that they have in tables: lists of texts. */
const names = ['tokens', 'tags'];

/** Rows of one part. */
const PART = 1000;

/** A comment of CoNLL-U or MultiCoNER: `# text = ...`, `# id ...`. */
const COMMENT = /^#\s+(\S+\s+=|id\s)/;

interface Line {
  readonly number: number;
  readonly columns: readonly string[];
}

/**
 * The sentences of a CoNLL file as rows: a line for each token with columns between white space, the token first and its tag last, and
 * empty lines between sentences. Lines that begin with -DOCSTART- are left out. Where no tags are asked for there may be tokens alone.
 */
export const conllRows = (path: string): Rows => ({
  name: basename(path),
  place: path,
  async *parts(columns): AsyncGenerator<Part, void, undefined> {
    const missing = columns.find(({ name, optional }) => !optional && !names.includes(name));
    if (missing) throw missingColumn(path, missing.name, names);
    const isTagged = columns.some(({ name }) => name === 'tags');
    const width = isTagged ? 2 : 1;
    let rows: Row[] = [];
    let isEmpty = true;
    for await (const sentence of sentences(path)) {
      isEmpty = false;
      const bad = sentence.find(
        (line) => line.columns.length < width || line.columns.length !== sentence[0].columns.length,
      );
      const tokens = sentence.map((line) => line.columns[0]);
      const tags = sentence.map((line) => line.columns[line.columns.length - 1]);
      const cells = columns.map(({ name }) => (name === 'tokens' ? tokens : name === 'tags' ? tags : undefined));
      rows.push(
        bad
          ? { number: bad.number, cells: [], problem: problemOf(bad, sentence[0], width) }
          : { number: sentence[0].number, cells },
      );
      if (rows.length < PART) continue;
      yield { file: path, unit: 'line', rows };
      rows = [];
    }
    if (isEmpty) throw new InputError(`${path} has no sentences: there is no line with a token`);
    if (rows.length > 0) yield { file: path, unit: 'line', rows };
  },
});

function problemOf({ columns }: Line, first: Line, width: number): string {
  if (columns.length < width) return `${quoted(columns[0])} has no tag; a token is followed by white space and its tag`;
  const count = (n: number) => `${n} ${n === 1 ? 'column' : 'columns'}`;
  return `there are ${count(columns.length)}, and ${count(first.columns.length)} in line ${first.number} of the same sentence`;
}

async function* sentences(path: string): AsyncGenerator<Line[], void, undefined> {
  let sentence: Line[] = [];
  let number = 0;
  for await (const text of readLines(path)) {
    number++;
    const columns = text.trim().split(/[ \t]+/);
    const isBreak = columns[0] === '' || columns[0] === '-DOCSTART-';
    if (!isBreak && !(sentence.length === 0 && COMMENT.test(text))) sentence.push({ number, columns });
    if (!isBreak || sentence.length === 0) continue;
    yield sentence;
    sentence = [];
  }
  if (sentence.length > 0) yield sentence;
}

const splitNames: Readonly<Record<Split, readonly string[]>> = {
  train: ['train'],
  evaluation: ['dev', 'valid', 'testa'],
};

/** A folder with a file for each split, `train.conll` and `dev.txt`, told by the beginnings of their names. */
const conllFolder = (folder: string): Source => ({
  open(split) {
    const files = readdirSync(folder).filter((name) => splitNames[split].some((start) => name.includes(start)));
    if (files.length === 1) return { ...conllRows(join(folder, files[0])), split };
    if (files.length === 0 && split === 'evaluation') return null;
    const found = files.length === 0 ? 'no file' : `several files (${files.sort().join(', ')})`;
    throw new InputError(`${folder} has ${found} named ${splitNames[split].join(' or ')}; give one file`);
  },
});

/** Files for a task of tagged tokens that are no tables. */
export const conll: SourceKind = ({ data, task }) => {
  if (taskNamed(task) !== 'token-classification' || typeof data !== 'string' || isTable(data)) return null;
  return isFolder(data) ? conllFolder(data) : unsplit(conllRows(data));
};
