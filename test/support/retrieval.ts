import { temporaryFolder } from '../io/temporary.ts';

const jsonLines = (rows: readonly object[]): string => `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`;

const qrels = (rows: readonly (readonly [query: string, document: string, score: number])[]): string =>
  `query-id\tcorpus-id\tscore\n${rows.map((row) => `${row.join('\t')}\n`).join('')}`;

export const documents = [
  { _id: 'd1', title: 'the film', text: 'the film is good' },
  { _id: 'd2', title: '', text: 'the book is dull' },
  { _id: 'd3', text: 'a very long story' },
  { _id: 'd4', text: 'the play is weak' },
];
export const queries = [
  { _id: 'q1', text: 'good film' },
  { _id: 'q2', text: 'dull book' },
  { _id: 'q3', text: 'long story' },
];

/** A temporary folder in the layout of BEIR, in the words of the tiny models. */
export const retrievalFolder = (more: Readonly<Record<string, string>> = {}): string =>
  temporaryFolder({
    'corpus.jsonl': jsonLines(documents),
    'queries.jsonl': jsonLines(queries),
    'qrels/train.tsv': qrels([
      ['q1', 'd1', 1],
      ['q2', 'd2', 2],
      ['q2', 'd4', 0],
    ]),
    'qrels/test.tsv': qrels([
      ['q3', 'd3', 1],
      ['q1', 'd1', 1],
    ]),
    ...more,
  });
