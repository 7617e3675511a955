import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type RetrievalSet, readEmbeddingExamples, readRetrieval, sourceOf } from '../../src/data/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { documents, retrievalFolder } from '../support/retrieval.ts';

const test = suite('data: retrieval sets in the layout of BEIR');

const sourceAt = (data: string) => sourceOf({ data, task: 'beir' });
const opened = (data: string, split: 'train' | 'evaluation' = 'evaluation') => {
  const rows = sourceAt(data).open(split);
  assert.ok(rows?.retrieval);
  const read = async (): Promise<RetrievalSet> => {
    const found = (await readRetrieval(rows))?.retrieval;
    assert.ok(found);
    return found;
  };
  return { rows, read };
};

test('documents, queries with judgements and grades are read; a title comes before the text', async () => {
  const folder = retrievalFolder();
  const { documents: texts, queries, qrels } = await opened(folder).read();
  assert.deepEqual(
    [...texts.keys()],
    documents.map(({ _id }) => _id),
  );
  assert.deepEqual([texts.get('d1'), texts.get('d2')], ['the film the film is good', 'the book is dull']);
  assert.deepEqual(
    [...queries],
    [
      ['q1', 'good film'],
      ['q3', 'long story'],
    ],
  );
  assert.deepEqual(qrels, { q3: { d3: 1 }, q1: { d1: 1 } });
});

test('its rows are pairs of a query and a relevant document', async () => {
  const { rows } = opened(retrievalFolder(), 'train');
  const { name, examples } = await readEmbeddingExamples(rows);
  assert.match(name, / train$/);
  assert.deepEqual(examples, [
    { text: 'good film', textPair: 'the film the film is good' },
    { text: 'dull book', textPair: 'the book is dull' },
  ]);
});

test('pairs with an empty text are left out and counted; the document stays among those to find', async () => {
  const empty = {
    'corpus.jsonl': '{"_id":"d1","text":"","title":""}\n{"_id":"d2","text":"b"}\n{"_id":"d4","text":"c"}\n',
  };
  const files = { ...empty, 'qrels/test.tsv': 'query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t1\n' };
  const { rows, read } = opened(retrievalFolder(files));
  const { examples, warnings } = await readEmbeddingExamples(rows);
  assert.equal(examples.length, 1);
  assert.match(warnings.join(), /test\.tsv: left out 1 of 2 pairs, as one of their texts is empty/);
  const set = await read();
  assert.deepEqual([set.documents.get('d1'), set.qrels], ['', { q1: { d1: 1, d2: 1 } }]);
});

test('it is judged on dev where there is one', async () => {
  const folder = retrievalFolder({ 'qrels/dev.tsv': 'query-id\tcorpus-id\tscore\nq2\td2\t1\n' });
  assert.deepEqual((await opened(folder).read()).qrels, { q2: { d2: 1 } });
});

const header = 'query-id\tcorpus-id\tscore\n';
const broken: readonly [Readonly<Record<string, string>>, RegExp][] = [
  [{ 'qrels/test.tsv': `${header}q9\td1\t1\n` }, /test\.tsv, line 2: query 'q9' is not in queries\.jsonl/],
  [{ 'qrels/test.tsv': `${header}q1\td9\t1\n` }, /test\.tsv, line 2: document 'd9' is not in corpus\.jsonl/],
  [{ 'qrels/test.tsv': `${header}q1\td1\tgood\n` }, /test\.tsv, line 2: score 'good' is no number/],
  [{ 'qrels/test.tsv': `${header}q1\td1\n` }, /test\.tsv, line 2: 2 TAB-separated columns where the header has 3/],
  [{ 'corpus.jsonl': '{"_id":"d1","text":"a"}\n{"_id":"d1","text":"b"}\n' }, /line 2: the id 'd1' is there twice/],
  [{ 'corpus.jsonl': '{"_id":"d1","text":["a"]}\n' }, /corpus\.jsonl, line 1: 'text' is not a text/],
  [{ 'queries.jsonl': '{"id":"q1","text":"a"}\n' }, /queries\.jsonl has no column '_id'; it has 'id', 'text'/],
];

test('what cannot be read is named', async () => {
  for (const [files, message] of broken) await assertRejectsInput(() => opened(retrievalFolder(files)).read(), message);
  const folder = retrievalFolder();
  rmSync(join(folder, 'qrels'), { recursive: true });
  assertInputError(() => sourceAt(folder).open('train'), /has no qrels\/train\.tsv, the judgements of queries/);
  assertInputError(() => sourceAt(folder).open('evaluation'), /has no qrels\/dev\.tsv or qrels\/test\.tsv/);
});

const someBad = {
  'corpus.jsonl': '{"_id":"d1","text":"a"}\n{"text":"b"}\nnot\n{"_id":"d3","text":"c"}\n',
  'qrels/test.tsv': `${header}q1\td1\t1\nq1\td2\t1\nq3\td3\n`,
  'qrels/train.tsv': `${header}q1\td9\t1\nq1\td1\t1\n`,
};
const problems =
  /corpus\.jsonl, line 2: there is no '_id'; corpus\.jsonl, line 3: .*JSON.*; \w+\.tsv, line [23]: document 'd[29]' is not in corpus\.jsonl/;

test('all rows that cannot be used are listed, of documents, queries and judgements', async () => {
  const folder = retrievalFolder(someBad);
  for (const split of ['train', 'evaluation'] as const) {
    const { rows, read } = opened(folder, split);
    const reading = split === 'train' ? () => readEmbeddingExamples(rows) : read;
    await assertRejectsInput(
      reading,
      problems,
      new RegExp(`has ${split === 'train' ? 3 : 4} rows that cannot be used`),
    );
  }
});

test('skipInvalid leaves them out and counts them', async () => {
  const folder = retrievalFolder(someBad);
  const judged = await readRetrieval(opened(folder).rows, { skipInvalid: true });
  assert.deepEqual([judged?.retrieval?.qrels, judged?.skipped], [{ q1: { d1: 1 } }, 4]);
  assert.match(judged?.warnings.join() ?? '', /^left out 4 of 5 rows: /);
  const pairs = await readEmbeddingExamples(opened(folder, 'train').rows, { skipInvalid: true });
  assert.deepEqual([pairs.examples, pairs.skipped], [[{ text: 'good film', textPair: 'a' }], 3]);
});

test.run();
