import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import {
  datasetFiles,
  fetchDataset,
  knownDatasets,
  readExamples,
  readQuestions,
  type Split,
  sourceOf,
  splitsOf,
} from '../../src/data/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { type ServedRepository, setVariables, withHub } from '../support/hub.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { parquetBytes } from '../support/parquet.ts';

const test = suite('datasets of the hub');

const rte = (first: string) =>
  parquetBytes(
    { sentence1: [first, 'c'], sentence2: ['b', 'd'], label: [1n, 0n], idx: [0n, 1n] },
    { label: ['entailment', 'not_entailment'] },
  );
const glue: ServedRepository = {
  type: 'dataset',
  name: 'org/glue',
  files: {
    'README.md': 'x',
    'rte/train-00000-of-00002.parquet': rte('first'),
    'rte/train-00001-of-00002.parquet': rte('second'),
    'rte/validation-00000-of-00001.parquet': rte('third'),
    'rte/test-00000-of-00001.parquet': rte('fourth'),
    'cola/train-00000-of-00001.parquet': parquetBytes({ sentence: ['a', 'b'], label: [1n, 0n] }),
    'ax/test-00000-of-00001.parquet': rte('fifth'),
  },
};

test('splits are found by the names of files and folders', () => {
  const cases: [string[], string | undefined, ReturnType<typeof splitsOf>][] = [
    [['train.csv', 'dev.csv', 'test.csv'], undefined, { subset: '', train: ['train.csv'], evaluation: ['dev.csv'] }],
    [
      ['data/train-00000-of-00001-ab12.parquet', 'data/validation-00000-of-00001-cd34.parquet'],
      undefined,
      {
        subset: '',
        train: ['data/train-00000-of-00001-ab12.parquet'],
        evaluation: ['data/validation-00000-of-00001-cd34.parquet'],
      },
    ],
    [
      ['default/train/0001.parquet', 'default/train/0000.parquet', 'other/train/0000.parquet'],
      undefined,
      { subset: 'default', train: ['default/train/0000.parquet', 'default/train/0001.parquet'], evaluation: [] },
    ],
    [
      ['a/train.jsonl', 'b/train.jsonl', 'b/valid.jsonl'],
      'b',
      { subset: 'b', train: ['b/train.jsonl'], evaluation: ['b/valid.jsonl'] },
    ],
    [
      ['train.csv', 'train.parquet', 'validation.csv'],
      undefined,
      { subset: '', train: ['train.parquet'], evaluation: [] },
    ],
    [
      ['plain_text/train-0.parquet'],
      undefined,
      { subset: 'plain_text', train: ['plain_text/train-0.parquet'], evaluation: [] },
    ],
  ];
  for (const [paths, subset, expected] of cases) assert.deepEqual(splitsOf(paths, 'org/x', subset), expected);
});

test('what cannot be chosen is said with what there is', () => {
  assertInputError(
    () => splitsOf(['test.csv', 'train.txt'], 'org/x'),
    /org\/x has no files of a split 'train' .*\.parquet/,
  );
  const parts = ['a/train.csv', 'b/train.csv'];
  assertInputError(() => splitsOf(parts, 'org/x'), /has several parts; it has 'a', 'b', choose one with --subset/);
  assertInputError(() => splitsOf(parts, 'org/x', 'c'), /has no part 'c'; it has 'a', 'b', choose one/);
});

test('only the files of a subset are downloaded, and found again without a network', () =>
  withHub([glue], async ({ hub, folder }) => {
    const commit = hub.commit('org/glue', 'dataset');
    const fetched = await fetchDataset('org/glue', { subset: 'rte' });
    assert.deepEqual(fetched, { name: `org/glue@${commit}`, subset: 'rte' });
    const snapshot = join(folder('datasets--org--glue'), 'snapshots', commit);
    assert.deepEqual(readdirSync(snapshot), ['rte']);
    assert.equal(readdirSync(join(snapshot, 'rte')).length, 3);

    const requests = hub.requests.length;
    setVariables({ HF_HUB_OFFLINE: '1' });
    assert.deepEqual(await fetchDataset('org/glue', { subset: 'rte' }), fetched);
    assert.deepEqual(await fetchDataset(fetched.name, { subset: 'rte' }), fetched);
    assert.equal(hub.requests.length, requests);
    const { train, evaluation } = datasetFiles(fetched.name, 'rte');
    assert.deepEqual([train.length, evaluation.length], [2, 1]);
    const { examples, labels } = await readExamples(train, { text: ['sentence1', 'sentence2'], label: 'label' });
    assert.deepEqual(examples[2], { text: 'second', textPair: 'b', label: 1 });
    assert.deepEqual(labels, ['entailment', 'not_entailment']);

    await assertRejectsInput(
      () => fetchDataset('org/glue', { subset: 'cola' }),
      /^org\/glue is neither a folder nor a dataset in the cache, and HF_HUB_OFFLINE forbids to ask/,
    );
  }));

test('the listing is asked which part is meant when none is named', () =>
  withHub([glue], async () => {
    await fetchDataset('org/glue', { subset: 'rte' });
    await assertRejectsInput(
      () => fetchDataset('org/glue'),
      /has several parts; it has 'cola', 'rte', choose one with --subset/,
    );
    setVariables({ HF_HUB_OFFLINE: '1' });
    assert.equal((await fetchDataset('org/glue')).subset, 'rte');
  }));

test('a split in parts is there when all parts are', () =>
  withHub([glue], async ({ hub }) => {
    hub.faults.set('rte/train-00001-of-00002.parquet', { sends: Buffer.from('x') });
    await assertRejectsInput(() => fetchDataset('org/glue', { subset: 'rte' }), /broke off at byte 1 of/);
    assertInputError(() => datasetFiles('org/glue', 'rte'), /org\/glue is not in the cache; get it with/);
    hub.faults.clear();
    await fetchDataset('org/glue', { subset: 'rte' });
    assert.equal(datasetFiles('org/glue', 'rte').train.length, 2);
  }));

test('GLUE of the hub gives class numbers in the order of the benchmark', () =>
  withHub([glue], async () => {
    const { name } = await fetchDataset('org/glue', { subset: 'rte' });
    const read = (task: 'rte' | 'cola', dataset: string, split: Split) =>
      readExamples(sourceOf({ dataset, task }).open(split) ?? [], { known: knownDatasets[task] });
    const { examples, labels, metrics, warnings } = await read('rte', name, 'evaluation');
    assert.deepEqual(examples, [
      { text: 'third', textPair: 'b', label: 1 },
      { text: 'c', textPair: 'd', label: 0 },
    ]);
    assert.deepEqual([labels, metrics], [['entailment', 'not_entailment'], ['accuracy']]);
    assert.match(warnings[0], /has 2 examples; the official dev split has 277/);
    const cola = await fetchDataset('org/glue', { subset: 'cola' });
    const numbered = await read('cola', cola.name, 'train');
    assert.deepEqual(numbered.examples, [
      { text: 'a', label: 1 },
      { text: 'b', label: 0 },
    ]);
  }));

const mnli = (premise: string, hypothesis: string) =>
  parquetBytes(
    { premise: [premise], hypothesis: [hypothesis], label: [2n], idx: [0n] },
    { label: ['entailment', 'neutral', 'contradiction'] },
  );
const mnliRepository: ServedRepository = {
  type: 'dataset',
  name: 'org/nli',
  files: {
    'mnli/train-00000-of-00001.parquet': mnli('a', 'b'),
    'mnli/validation_mismatched-00000-of-00001.parquet': mnli('e', 'f'),
    'mnli/validation_matched-00000-of-00001.parquet': mnli('c', 'd'),
    'mnli/test_matched-00000-of-00001.parquet': mnli('g', 'h'),
    'mnli_matched/validation-00000-of-00001.parquet': mnli('c', 'd'),
  },
};

test('MNLI of the hub has both of its evaluation splits, told apart', () =>
  withHub([mnliRepository], async ({ hub }) => {
    const { name } = await fetchDataset('org/nli', { subset: 'mnli' });
    const rows = sourceOf({ dataset: name, task: 'mnli' }).open('evaluation');
    assert.ok(rows);
    const { examples } = await readExamples(rows, { known: knownDatasets.mnli });
    assert.deepEqual(examples, [
      { text: 'c', textPair: 'd', label: 2, group: 'matched' },
      { text: 'e', textPair: 'f', label: 2, group: 'mismatched' },
    ]);
    const requests = hub.requests.length;
    setVariables({ HF_HUB_OFFLINE: '1' });
    await fetchDataset('org/nli', { subset: 'mnli' });
    assert.equal(hub.requests.length, requests, 'both are whole');
  }));

const squad = (rows: readonly (readonly [id: string, context: string, text: string, start: number])[]) =>
  parquetBytes({
    id: rows.map(([id]) => id),
    title: rows.map(() => 'A title'),
    context: rows.map(([, context]) => context),
    question: rows.map(([id]) => `What is ${id}?`),
    answers: rows.map(([, , text, start]) => ({ text: [text, text], answer_start: [start, start] })),
  });

test('SQuAD of the hub gives what its own files give, positions counted in code points', () =>
  withHub(
    [
      {
        type: 'dataset',
        name: 'rajpurkar/squad',
        files: {
          'plain_text/train-00000-of-00001.parquet': squad([
            ['a', 'The 🚲 is red.', 'red', 9],
            ['b', 'Snow is white.', 'Snow', 0],
          ]),
          'plain_text/validation-00000-of-00001.parquet': squad([['c', 'Grass is green.', 'green', 9]]),
        },
      },
    ],
    async () => {
      const { name, subset } = await fetchDataset('rajpurkar/squad');
      assert.equal(subset, 'plain_text');
      const source = sourceOf({ dataset: name, subset, task: 'squad' });
      const { examples, metrics } = await readQuestions(source);
      const answers = (text: string, start: number) => [
        { text, start },
        { text, start },
      ];
      assert.deepEqual(examples, [
        { id: 'a', question: 'What is a?', context: 'The 🚲 is red.', answers: answers('red', 10) },
        { id: 'b', question: 'What is b?', context: 'Snow is white.', answers: answers('Snow', 0) },
      ]);
      assert.deepEqual(metrics, ['exact_match', 'f1']);
      const held = source.open('evaluation');
      assert.equal(held && (await readQuestions(held)).examples.length, 1);
    },
  ));

test('a row of SQuAD that cannot be: one line with the file and the row', async () => {
  const read = (bytes: Uint8Array) => readQuestions(join(temporaryFolder({ 'train.parquet': bytes }), 'train.parquet'));
  await assertRejectsInput(() => read(squad([['a', 'It is red.', 'red', 2]])), /row 1: at answer_start 2 .* not 'red'/);
  const none = { id: ['a'], question: ['b'], context: ['c'], answers: [{ text: [], answer_start: [] }] };
  const { examples, metrics } = await read(parquetBytes(none));
  assert.deepEqual([examples[0].answers, metrics], [[], ['exact', 'f1']], 'a question of SQuAD 2.0');
  await assertRejectsInput(() => read(parquetBytes({ ...none, answers: ['d'] })), /row 1: there is no "answer_start"/);
  await assertRejectsInput(() => read(parquetBytes({ id: ['a'] })), /no column 'question'/);
});

test('a dataset that is not there or leaves the cache: one line', async () => {
  await withHub([glue], () =>
    assertRejectsInput(() => fetchDataset('org/none'), /has no dataset org\/none: check the name/),
  );
  await withHub([glue], () => assertRejectsInput(() => fetchDataset('glue'), /glue is not the name of a dataset/));
  await withHub([{ ...glue, lists: ['rte/../../../train.csv'] }], async ({ home }) => {
    await assertRejectsInput(() => fetchDataset('org/glue', { subset: 'rte' }), /would lie outside of the repository/);
    assert.ok(!existsSync(join(home, 'hub')));
  });
});

test.run();
