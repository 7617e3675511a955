import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import {
  type Dataset,
  type GlueTaskName,
  knownDatasets,
  readExamples,
  type Split,
  sourceOf,
} from '../../src/data/index.ts';
import { InputError } from '../../src/errors.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { folderWith } from './folder.ts';

const test = suite('GLUE folders');

const MRPC_HEADER = '\uFEFFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String';
const STSB_HEADER = 'index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore';
const RTE_HEADER = 'index\tsentence1\tsentence2\tlabel';

async function readGlue(task: GlueTaskName, data: string, split: Split): Promise<Dataset> {
  const rows = sourceOf({ task, data }).open(split);
  assert.ok(rows);
  return readExamples(rows, { known: knownDatasets[task] });
}

/** Reads one dev.tsv with these lines from a folder laid out as the benchmark's. */
async function readDev(task: GlueTaskName, lines: string[], end = '\n') {
  const { title } = knownDatasets[task];
  return readGlue(task, folderWith({ [`${title}/dev.tsv`]: lines.join(end) + end }), 'evaluation');
}

test('CoLA has no header', async () => {
  const { examples, labels, metrics, name } = await readDev('cola', [
    'gj04\t1\t\tThey said "yes.',
    "gj04\t0\t*\tThey drank the pub 's.",
  ]);
  assert.deepEqual(examples, [
    { text: 'They said "yes.', label: 1 },
    { text: "They drank the pub 's.", label: 0 },
  ]);
  assert.deepEqual(labels, ['unacceptable', 'acceptable']);
  assert.deepEqual(metrics, ['matthews']);
  assert.equal(name, 'CoLA dev');
});

test('MRPC has a byte-order mark and quotes that are not closed', async () => {
  const { examples, labels, metrics } = await readDev('mrpc', [
    MRPC_HEADER,
    '1\t11\t12\t" The plan holds .\tThe plan holds .',
    '0\t13\t14\t"A" and "B\t"C"',
  ]);
  assert.deepEqual(examples, [
    { text: '" The plan holds .', textPair: 'The plan holds .', label: 1 },
    { text: '"A" and "B', textPair: '"C"', label: 0 },
  ]);
  assert.deepEqual(labels, ['not_equivalent', 'equivalent']);
  assert.deepEqual(metrics, ['accuracy', 'f1']);
});

test('STS-B has its score in the last column', async () => {
  const { examples, labels, metrics } = await readDev('stsb', [
    STSB_HEADER,
    '0\tg\tf\t2012\t1\tnone\tnone\tA cat.\t"A dog.\t3.800',
  ]);
  assert.deepEqual(examples, [{ text: 'A cat.', textPair: '"A dog.', label: 3.8 }]);
  assert.equal(labels, null);
  assert.deepEqual(metrics, ['pearson', 'spearman']);
});

test('RTE names its classes; lines may end in CRLF, the last one without an end', async () => {
  for (const end of ['\n', '\r\n']) {
    const lines = [RTE_HEADER, '0\tIt rains.\tIt is wet.\tentailment', '1\tIt rains.\tIt is dry.\tnot_entailment'];
    const folder = folderWith({ 'dev.tsv': lines.join(end) });
    const { examples, labels } = await readGlue('rte', folder, 'evaluation');
    assert.deepEqual(examples, [
      { text: 'It rains.', textPair: 'It is wet.', label: 0 },
      { text: 'It rains.', textPair: 'It is dry.', label: 1 },
    ]);
    assert.deepEqual(labels, ['entailment', 'not_entailment']);
  }
});

test('SST-2 has sentences with a space at the end', async () => {
  const { examples, labels, metrics } = await readDev('sst2', ['sentence\tlabel', 'a "fine film \t1', 'dull \t0']);
  assert.deepEqual(examples, [
    { text: 'a "fine film', label: 1 },
    { text: 'dull', label: 0 },
  ]);
  assert.deepEqual([labels, metrics], [['negative', 'positive'], ['accuracy']]);
});

test('QQP has rows that are broken in two, which are left out and counted', async () => {
  const lines = [
    'id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate',
    '1\t2\t3\tHow do I "bake bread?\tHow is bread baked?\t1',
    '4\t5\t6\tWhat is',
    'a cell?\tWhat is a tissue?\t0',
    '7\t8\t9\tWhy?\tWho?\t0',
    '10\t11\t12\tWho?\t\t0',
  ];
  const { examples, labels, metrics, warnings } = await readDev('qqp', lines);
  assert.deepEqual(examples, [
    { text: 'How do I "bake bread?', textPair: 'How is bread baked?', label: 1 },
    { text: 'Why?', textPair: 'Who?', label: 0 },
    { text: 'Who?', textPair: '', label: 0 },
  ]);
  assert.deepEqual(
    [labels, metrics],
    [
      ['not_duplicate', 'duplicate'],
      ['accuracy', 'f1'],
    ],
  );
  assert.match(warnings[0], /dev\.tsv is known for broken rows: left out 2 lines, the first one line 3$/);
  const long = [...lines.slice(0, 2), `${lines[4]}\tmore`];
  await assertRejectsInput(() => readDev('qqp', long), /dev\.tsv, line 3: 7 TAB-separated columns where line 1 has 6/);
});

test('MNLI has two files to evaluate on, with more columns than that for training', async () => {
  const columns = (labels: string) =>
    `index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2\t${labels}gold_label`;
  const row = (text: string, labels: string[], gold: string) =>
    ['0', '1', '2', 'travel', '( a )', '( b )', '(ROOT a)', '(ROOT b)', text, `not ${text}`, ...labels, gold].join(
      '\t',
    );
  const dev = columns('label1\tlabel2\tlabel3\tlabel4\tlabel5\t');
  const five = ['neutral', 'neutral', 'neutral', 'entailment', 'neutral'];
  const matched = [dev, row('a', five, 'neutral'), row('b', five, 'entailment')];
  const mismatched = [dev, row('c', five, 'contradiction')];
  const train = [columns('label1\t'), row('t', ['neutral'], 'entailment')];
  const text = (lines: string[]) => `${lines.join('\n')}\n`;
  const files = { 'dev_matched.tsv': text(matched), 'dev_mismatched.tsv': text(mismatched), 'train.tsv': text(train) };
  const folder = folderWith(Object.fromEntries(Object.entries(files).map(([name, all]) => [`MNLI/${name}`, all])));
  const { examples, labels, metrics } = await readGlue('mnli', folder, 'evaluation');
  assert.deepEqual(examples, [
    { text: 'a', textPair: 'not a', label: 1, group: 'matched' },
    { text: 'b', textPair: 'not b', label: 0, group: 'matched' },
    { text: 'c', textPair: 'not c', label: 2, group: 'mismatched' },
  ]);
  assert.deepEqual([labels, metrics], [['entailment', 'neutral', 'contradiction'], ['accuracy']]);
  assert.deepEqual((await readGlue('mnli', folder, 'train')).examples, [{ text: 't', textPair: 'not t', label: 0 }]);
  const one = folderWith({ 'dev_mismatched.tsv': text(mismatched) });
  assert.deepEqual(
    (await readGlue('mnli', one, 'evaluation')).examples.map(({ group }) => group),
    ['mismatched'],
  );
  await assertRejectsInput(
    () => readGlue('mnli', folderWith({}), 'evaluation'),
    /neither MNLI.dev_matched\.tsv or dev_mismatched\.tsv nor dev_matched\.tsv or dev_mismatched\.tsv$/,
  );
});

test('QNLI names its classes, WNLI numbers them the other way round', async () => {
  const qnli = await readDev('qnli', [
    'index\tquestion\tsentence\tlabel',
    '0\tWhere is it?\tIt is here.\tentailment',
    '1\tWhen?\tHere.\tnot_entailment',
  ]);
  assert.deepEqual(qnli.examples, [
    { text: 'Where is it?', textPair: 'It is here.', label: 0 },
    { text: 'When?', textPair: 'Here.', label: 1 },
  ]);
  const wnli = await readDev('wnli', [RTE_HEADER, '0\tIt fell.\tThe cup fell.\t1', '1\tIt fell.\tHe fell.\t0']);
  assert.deepEqual(
    [wnli.examples.map(({ label }) => label), wnli.labels],
    [
      [1, 0],
      ['not_entailment', 'entailment'],
    ],
  );
});

test('the diagnostics have the classes of MNLI and nothing to train on', async () => {
  const header =
    'Lexical Semantics\tPredicate-Argument Structure\tLogic\tKnowledge\tDomain\tPremise\tHypothesis\tLabel';
  const lines = [header, '\t\tNegation\t\tNews\tIt rains.\tIt does not.\tcontradiction'];
  const file = { 'diagnostic/diagnostic-full.tsv': `${lines.join('\n')}\n` };
  const folder = folderWith(file);
  for (const place of ['', 'diagnostic', join('diagnostic', 'diagnostic-full.tsv')]) {
    const { examples, labels, metrics } = await readGlue('ax', join(folder, place), 'evaluation');
    assert.deepEqual(examples, [{ text: 'It rains.', textPair: 'It does not.', label: 2 }]);
    assert.deepEqual([labels, metrics], [['entailment', 'neutral', 'contradiction'], ['matthews']]);
  }
  assert.equal(sourceOf({ task: 'ax', data: folder }).open('train'), null);
  const bare = folderWith({ 'diagnostic/diagnostic.tsv': 'index\tsentence1\tsentence2\n0\tA\tB\n' });
  await assertRejectsInput(
    () => readGlue('ax', bare, 'evaluation'),
    /neither diagnostic.diagnostic-full\.tsv nor diagnostic-full\.tsv; diagnostic\.tsv has no labels$/,
  );
});

test('the folder may be the benchmark or the task; the split names the file', async () => {
  const folder = folderWith({ 'CoLA/train.tsv': 'x\t1\t\tTrain.\n', 'CoLA/dev.tsv': 'x\t1\t\tDev.\n' });
  for (const path of [folder, join(folder, 'CoLA')]) {
    assert.equal((await readGlue('cola', path, 'train')).examples[0].text, 'Train.');
    assert.equal((await readGlue('cola', path, 'evaluation')).examples[0].text, 'Dev.');
  }
});

test('another number of rows is a warning, not an error', async () => {
  const { warnings } = await readDev('cola', ['x\t1\t\tOne.']);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /dev\.tsv has 1 examples; the official dev split has 1043/);
  const full = Array.from({ length: 1043 }, (_, i) => `x\t1\t\tSentence ${i}.`);
  assert.deepEqual((await readDev('cola', full)).warnings, []);
});

const broken: [string, GlueTaskName, string[], RegExp][] = [
  [
    'a short row',
    'cola',
    ['x\t1\t\tOne.', 'x\t1\tTwo.'],
    /dev\.tsv, line 2: 3 TAB-separated columns where line 1 has 4/,
  ],
  ['an unknown class', 'cola', ['x\t1\t\tOne.', '', 'x\t2\t\tTwo.'], /dev\.tsv, line 3: '2' is no label of CoLA/],
  ['an empty sentence', 'cola', ['x\t1\t\t '], /dev\.tsv, line 1: a sentence is empty/],
  ['an empty second sentence', 'rte', [RTE_HEADER, '0\tOne.\t\tentailment'], /dev\.tsv, line 2: a sentence is empty/],
  [
    'a score that is no number',
    'stsb',
    [STSB_HEADER, '0\t\t\t\t\t\t\tA\tB\tx'],
    /dev\.tsv, line 2: 'x' is no label of STS-B/,
  ],
  ['a score out of range', 'stsb', [STSB_HEADER, '0\t\t\t\t\t\t\tA\tB\t5.1'], /line 2: '5\.1' is no label/],
  ['a missing score', 'stsb', [STSB_HEADER, '0\t\t\t\t\t\t\tA\tB\t'], /line 2: '' is no label/],
  [
    'a missing header',
    'rte',
    ['0\tA\tB\tentailment'],
    /not the official RTE file: its columns must be index, sentence1/,
  ],
  ["another task's file", 'mrpc', [RTE_HEADER, '0\tA\tB\tentailment'], /not the official MRPC file/],
  [
    "another task's file of the same width",
    'cola',
    [RTE_HEADER, '0\tA\tB\tentailment'],
    /line 1: 'sentence1' is no label/,
  ],
  ['an empty file', 'cola', [''], /dev\.tsv is empty/],
  ['a file with a header only', 'rte', [RTE_HEADER], /dev\.tsv has no rows/],
];
for (const [what, task, lines, message] of broken) {
  test(`an error names the place of ${what}`, async () => {
    await assert.rejects(
      () => readDev(task, lines),
      (error) => error instanceof InputError && message.test(error.message),
    );
  });
}

test('a folder without the file is an error that names both places', async () => {
  await assert.rejects(
    () => readGlue('stsb', join('no', 'folder'), 'train'),
    (error) =>
      error instanceof InputError && error.message.includes(`neither ${join('STS-B', 'train.tsv')} nor train.tsv`),
  );
});

const real = process.env.SPARSE_ADAPTER_DATA;
if (real) {
  const there = ['cola', 'mrpc', 'stsb', 'rte'] as const;
  /** Mean label: the fraction of class 1 (known class counts of the official files), the mean score of STS-B. */
  const means: Record<(typeof there)[number], Record<Split, number>> = {
    cola: { train: 6023 / 8551, evaluation: 721 / 1043 },
    mrpc: { train: 2474 / 3668, evaluation: 279 / 408 },
    stsb: { train: 2.701, evaluation: 2.364 },
    rte: { train: 1241 / 2490, evaluation: 131 / 277 },
  };
  for (const task of there) {
    for (const split of ['train', 'evaluation'] as const) {
      test(`the official ${task} ${split} split is complete`, async () => {
        const { examples, warnings } = await readGlue(task, join(real, 'glue'), split);
        assert.deepEqual(warnings, []);
        assert.equal(examples.length, knownDatasets[task].size[split]);
        assert.ok(
          examples.every(
            ({ textPair }) => (textPair !== undefined) === (knownDatasets[task].columns.text.length === 2),
          ),
        );
        const mean = examples.reduce((sum, { label = Number.NaN }) => sum + label, 0) / examples.length;
        assert.ok(Math.abs(mean - means[task][split]) < 5e-4, `mean label ${mean}`);
      });
    }
  }
}

test.run();
