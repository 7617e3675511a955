import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { isOwnTable } from '../../src/training/choices.ts';
import {
  type DataReport,
  evaluateRun,
  type GivenSettings,
  inspectRun,
  readRunConfig,
  readRunMetrics,
  readStoppedRun,
  runFolds,
} from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { questionFolder, unansweredFolder } from '../support/questions.ts';
import { ticketFolder, tickets, ticketsCsv } from '../support/tickets.ts';
import { tinyGlue } from '../support/tiny-glue.ts';
import { stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: a table of one’s own');

const table = tickets({ billing: 40, outage: 24 });
const folder = ticketFolder(table, { 'others.csv': ticketsCsv(tickets({ billing: 3, outage: 5 }, 2)) });
const at = (name: string) => join(folder, name);
const { evalData: _, ...others } = tinySettings;
const settings = { ...others, data: at('tickets.csv'), label: 'queue', epochs: 1 } satisfies GivenSettings;

test('a tenth is held out, and evaluate finds the same rows', async () => {
  const output = at('split');
  const reports: DataReport[] = [];
  const run = await tinyRun(output, { settings, events: { onData: (report) => reports.push(report) } });
  assert.equal(run.status, 'finished');
  const [{ rows, classes, data }] = reports;
  assert.deepEqual([rows, data], [{ train: 57, validation: 7, test: 0, skipped: 0 }, 'tickets.csv']);
  assert.deepEqual(classes, [
    { label: 'billing', train: 36, validation: 4, test: 0 },
    { label: 'outage', train: 21, validation: 3, test: 0 },
  ]);
  const config = readRunConfig(output);
  assert.deepEqual([config.settings.validationSplit, config.table?.rows], [0.1, 64]);
  const { metrics } = readRunMetrics(output);
  const again = await evaluateRun(output);
  assert.deepEqual([again.metrics, again.examples, again.split], [metrics, 7, 'validation']);
  await assertRejectsInput(
    () => evaluateRun(output, { split: 'test' }),
    /has no test rows; leave out --split \(split\)/,
  );

  const warnings: string[] = [];
  const copy = readFileSync(at('tickets.csv'), 'utf8');
  appendFileSync(at('tickets.csv'), 'the film is not bad,outage\n');
  await evaluateRun(output, { onWarning: (line) => warnings.push(line) });
  writeFileSync(at('tickets.csv'), copy);
  assert.match(warnings.join(), /tickets\.csv is not as it was for .*split: the rows that are held out are drawn anew/);
});

test('a run on a table that is too small to hold out rows keeps no best weights, and is resumed', async () => {
  const few = { ...settings, data: at('others.csv'), epochs: 3 };
  await tinyRun(at('few'), { settings: few });
  const stored = readRunConfig(at('few')).settings;
  assert.deepEqual([stored.validationSplit, stored.loadBestModelAtEnd], [0, undefined]);
  await stoppedRun(at('few-broken'), 2, { settings: few });
  await tinyRun(at('few-broken'), { settings: readStoppedRun(at('few-broken')).settings, resume: true });
  for (const name of ['adapter.safetensors', 'sparse-adapter.json']) {
    assert.deepEqual(readFileSync(join(at('few-broken'), name)), readFileSync(join(at('few'), name)), name);
  }
  for (const [idle, name] of [
    [{ metricForBestModel: 'accuracy' }, '--metric-for-best-model (metricForBestModel)'],
    [{ earlyStoppingPatience: 2 }, '--early-stopping-patience (earlyStoppingPatience)'],
  ] as const) {
    await assert.rejects(tinyRun(at('chosen'), { settings: { ...few, ...idle } }), {
      name: 'InputError',
      message: `${name} has no effect without evaluation data; give some with --eval-data (evalData).`,
    });
  }
});

test('a stopped run continues with the same rows, to the same bits', async () => {
  await tinyRun(at('whole'), { settings: { ...settings, testSplit: 0.25 } });
  await stoppedRun(at('broken'), 3, { settings: { ...settings, testSplit: 0.25 } });
  await tinyRun(at('broken'), { settings: { ...settings, testSplit: 0.25 }, resume: true });
  const bytes = (name: string) => readFileSync(join(at(name), 'adapter.safetensors'), 'hex');
  assert.equal(bytes('broken'), bytes('whole'));
  const [a, b] = ['whole', 'broken'].map((name) => readRunMetrics(at(name)));
  assert.deepEqual([a.metrics, a.test_metrics], [b.metrics, b.test_metrics]);
  assert.ok(a.test_metrics && 'accuracy' in a.test_metrics);
  const tested = await evaluateRun(at('broken'), { split: 'test' });
  assert.deepEqual([tested.metrics, tested.examples], [a.test_metrics, 16]);
});

test('rows of a file choose nothing and are scored at the end', async () => {
  const output = at('file');
  await tinyRun(output, { settings: { ...settings, testData: at('others.csv'), validationSplit: 0 } });
  const { metrics, test_metrics: scores } = readRunMetrics(output);
  assert.equal(metrics, null);
  const judged = await evaluateRun(output);
  assert.deepEqual([judged.split, judged.examples, judged.metrics], ['test', 8, scores]);
});

test('settings that do not go together are refused, and rows to evaluate on are no split', async () => {
  const refused = (more: GivenSettings, message: RegExp) =>
    assertRejectsInput(() => inspectRun({ settings: { ...settings, ...more } }), message);
  await refused(
    { validationSplit: 0.2, evalData: at('others.csv') },
    /validationSplit cannot be combined with evalData/,
  );
  await refused({ testSplit: 0.2, testData: at('others.csv') }, /testData cannot be combined with testSplit/);
  await refused({ testSplit: 0.2, folds: 3, fold: 1 }, /testSplit cannot be combined with folds/);
  await refused({ validationSplit: 1 }, /validationSplit must be a number in \[0, 1\)/);
  await refused({ folds: 3 }, /folds is for a cross-validation/);
  const { rows } = await inspectRun({ settings: { ...settings, evalData: at('others.csv') } });
  assert.deepEqual(rows, { train: 64, validation: 8, test: 0, skipped: 0 });
});

test('what is read is told: duplicates, texts that are cut off, rows left out, the baseline, memory and time', async () => {
  const long = 'the film is very very very very very very very good';
  const data = join(
    ticketFolder([
      ...table.slice(0, 10),
      ...table.slice(0, 3),
      { text: long, queue: 'billing' },
      { text: '', queue: 'outage' },
    ]),
    'tickets.csv',
  );
  const own = { ...settings, data, evalData: at('others.csv'), skipInvalid: true, maxLength: 12 };
  const report = await inspectRun({ settings: own });
  assert.deepEqual(report.rows, { train: 14, validation: 8, test: 0, skipped: 1 });
  assert.deepEqual(report.duplicates, { train: 3, validation: 0, test: 0, between: 0 });
  assert.equal(report.contradicting, 0);
  assert.deepEqual(report.truncated, { rows: 1, longest: 13, max_length: 12 });
  const isMost = (report.classes?.[0].train ?? 0) >= 7;
  assert.deepEqual(
    report.baseline,
    isMost
      ? { rows: 'validation', label: 'billing', accuracy: 3 / 8 }
      : { rows: 'validation', label: 'outage', accuracy: 5 / 8 },
  );
  const { steps, tokens, seconds, memory_bytes: bytes } = report.expected;
  // Ten texts of six words and two marks, and three of them again; the long one is cut to 12.
  assert.deepEqual([steps, tokens], [2, 13 * 8 + 12]);
  assert.ok(seconds > 0 && bytes > 1e7, `${seconds} s, ${bytes} bytes`);

  const shared = await inspectRun({ settings: { ...settings, testData: at('tickets.csv') } });
  assert.equal(shared.duplicates.between, shared.rows.train);
});

test('rows of equal texts with different labels are counted, in all parts together', async () => {
  const [first, second, third] = table;
  const other = ({ text, queue }: (typeof table)[number]) => ({
    text,
    queue: queue === 'billing' ? 'outage' : 'billing',
  });
  const data = join(ticketFolder([...table.slice(0, 8), other(first), first, second]), 'tickets.csv');
  const judged = join(ticketFolder([other(third), ...table.slice(8, 10)]), 'tickets.csv');
  const { contradicting } = await inspectRun({ settings: { ...settings, data, evalData: judged } });
  const same = (row: (typeof table)[number]) => table.slice(0, 8).filter(({ text }) => text === row.text).length;
  assert.equal(contradicting, same(first) + 2 + same(third) + 1);
});

test('several labels of a row, and tags of words, are counted one by one', async () => {
  const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const tagged = [
    ['O', 'B-X'],
    ['O', 'O'],
    ['O', 'B-X'],
  ].map((tags) => ({ tokens: ['the', 'film'], tags }));
  const place = temporaryFolder({
    'labels.jsonl': lines([
      { text: 'the film', topics: ['a', 'b'] },
      { text: 'a book', topics: ['b'] },
      { text: 'a play', topics: [] },
    ]),
    'tags.jsonl': lines(tagged),
  });
  const { label: __, text: ___, ...plain } = settings;
  const several = await inspectRun({
    settings: {
      ...settings,
      data: join(place, 'labels.jsonl'),
      label: 'topics',
      problemType: 'multi_label_classification',
    },
  });
  assert.deepEqual(
    several.classes?.map(({ label, train }) => [label, train]),
    [
      ['a', 1],
      ['b', 2],
    ],
  );
  // `b` for all: two of three labels are found, with three predicted.
  assert.deepEqual(several.baseline, { rows: 'train', label: 'b', f1_micro: 4 / 6 });
  const words = await inspectRun({
    settings: { ...plain, data: join(place, 'tags.jsonl'), task: 'token-classification' },
  });
  const counts = Object.fromEntries(words.classes?.map(({ label, train }) => [label, train]) ?? []);
  assert.deepEqual([counts.O, counts['B-X']], [4, 2]);
  assert.deepEqual(words.baseline, { rows: 'train', label: 'O', accuracy: 4 / 6 });
});

test('data with splits of their own are not split', async () => {
  const folder = tinyGlue({ train: 40, dev: 8 });
  const { label: __, text: ___, ...plain } = settings;
  const { rows } = await inspectRun({ settings: { ...plain, data: folder, task: 'rte' } });
  assert.deepEqual([rows.train, rows.validation], [40, 8]);
  const output = at('rte');
  await tinyRun(output, { settings: { ...plain, data: folder, task: 'rte' } });
  const { settings: stored, table: facts } = readRunConfig(output);
  assert.deepEqual([stored.validationSplit, facts], [undefined, undefined]);
  const own = { task: 'text-classification', target: undefined };
  assert.deepEqual([own, { ...own, dataset: 'org/name' }, { task: 'sst2' }, { task: 'squad' }].map(isOwnTable), [
    true,
    false,
    false,
    false,
  ]);
});

test('numbers are told with their range and the error of the mean', async () => {
  const numbers = table.slice(0, 5).map(({ text }, i) => ({ text, queue: String(i / 2) }));
  const data = join(ticketFolder(numbers), 'tickets.csv');
  const { classes, numbers: range, baseline } = await inspectRun({ settings: { ...settings, data, evalData: data } });
  assert.deepEqual([classes, range], [null, { least: 0, most: 2, mean: 1 }]);
  assert.deepEqual(baseline, { rows: 'validation', mean: 1, rmse: Math.sqrt(0.5), mae: 0.6 });
});

test('questions without an answer are counted, and to answer none is the baseline', async () => {
  const { data: _, text: __, label: ___, ...plain } = settings;
  const read = async (task: 'squad' | 'squad_v2', data: string) => {
    const { classes, baseline } = await inspectRun({ settings: { ...plain, task, data, maxLength: 20, stride: 4 } });
    return { classes, baseline };
  };
  // Of 32 questions 24 are to train on; `unansweredFolder` has one without an answer beside each.
  assert.deepEqual(await read('squad_v2', unansweredFolder()), {
    classes: [
      { label: 'answered', train: 24, validation: 8, test: 0 },
      { label: 'unanswered', train: 24, validation: 8, test: 0 },
    ],
    baseline: { rows: 'validation', label: 'no answer', exact: 0.5 },
  });
  assert.deepEqual(await read('squad', questionFolder()), { classes: null, baseline: null });
});

test('folds: a run for each, in its own folder; mean and deviation; a stopped one continues', async () => {
  const output = at('folds');
  const controller = new AbortController();
  const steps: number[] = [];
  let fold = 0;
  const options = {
    settings: { ...settings, folds: 3, pruning: 'random', pruningExamples: undefined } satisfies GivenSettings,
    output,
    events: {
      onFold: (number: number) => {
        fold = number;
      },
      onStep: ({ step }: { readonly step: number }) => {
        steps.push(fold);
        if (fold === 2 && step === 2) controller.abort();
      },
    },
  };
  const stopped = await runFolds({ ...options, command: ['train', 'first'], signal: controller.signal });
  assert.deepEqual([stopped.status, stopped.folds.length], ['stopped', 1]);
  const first = readFileSync(join(output, 'fold-1', 'adapter.safetensors'), 'hex');
  await assertRejectsInput(() => runFolds(options), /holds a cross-validation: continue it with train --resume/);
  const before = steps.length;
  const result = await runFolds({ ...options, command: ['train', '--resume'], resume: true });
  assert.ok(!steps.slice(before).includes(1), 'a finished fold is not repeated');
  assert.equal(readFileSync(join(output, 'fold-1', 'adapter.safetensors'), 'hex'), first);
  assert.ok(result.status === 'finished');
  const scores = [1, 2, 3].map((number) => {
    const { test_metrics: own } = readRunMetrics(join(output, `fold-${number}`));
    assert.equal(readRunConfig(join(output, `fold-${number}`)).settings.fold, number);
    return Number(own?.accuracy);
  });
  const mean = (scores[0] + scores[1] + scores[2]) / 3;
  const deviation = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / 2);
  assert.ok(Math.abs(result.mean.accuracy - mean) < 1e-12);
  assert.ok(Math.abs(result.standard_deviation.accuracy - deviation) < 1e-12);
  assert.deepEqual(
    result.folds.map(({ metrics }) => metrics.accuracy),
    scores,
  );
  const stored = JSON.parse(readFileSync(join(output, 'folds.json'), 'utf8'));
  assert.deepEqual(stored.command, ['train', 'first'], 'the command that began it');
  assert.deepEqual(readRunConfig(join(output, 'fold-3')).command, ['train', 'first']);
  assert.deepEqual([stored.mean, stored.runs.length], [result.mean, 3]);
  // Stopped and continued, the second is what it would have been.
  const alone = at('alone');
  await tinyRun(alone, { settings: { ...options.settings, fold: 2 } });
  assert.deepEqual(
    readFileSync(join(alone, 'adapter.safetensors'), 'hex'),
    readFileSync(join(output, 'fold-2', 'adapter.safetensors'), 'hex'),
  );
  const many = { ...options, settings: { ...options.settings, folds: 500 }, output: at('many') };
  await assertRejectsInput(() => runFolds(many), /There are 64 rows with different texts, too few for 500 folds/);
  assert.ok(!existsSync(at('many')), 'nothing is left');
  await runFolds({ ...options, settings: { ...options.settings, folds: 2 }, overwrite: true });
  assert.deepEqual([existsSync(join(output, 'fold-2')), existsSync(join(output, 'fold-3'))], [true, false]);
});

test.run();
