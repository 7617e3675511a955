import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { suite } from 'uvu';
import { knownDatasets } from '../../src/data/index.ts';
import { experiments } from '../../src/experiments/definitions.ts';
import { writeOutputs } from '../../src/experiments/outputs.ts';
import { SweepPlan, type SweepSettings, scoreIn } from '../../src/experiments/plan.ts';
import { sampleMean } from '../../src/experiments/statistics.ts';
import { ResultStore } from '../../src/experiments/store.ts';
import { summarize } from '../../src/experiments/summary.ts';
import { runSweep } from '../../src/experiments/sweep.ts';
import type { SweepOptions } from '../../src/experiments/sweep-options.ts';
import { shortModel } from '../../src/experiments/tables.ts';
import { memory, setBackend } from '../../src/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { tinyXsum } from '../support/animals.ts';
import { settled } from '../support/collect.ts';
import { tinySquad } from '../support/questions.ts';
import { readEvents } from '../support/tensorboard.ts';
import { tinyBartFolder } from '../support/tiny-bart.ts';
import { tinyGlue } from '../support/tiny-glue.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('experiments: sweeps');

const model = tinyFolder();
const bart = tinyBartFolder();
const below = (folder: string, files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
const data = tinyGlue({ more: { ...below('squad', tinySquad()), ...below('xsum', tinyXsum()) } });
const settings: SweepSettings = {
  ...{ models: [model], data, seeds: [1, 2], width: 32, pooling: 'cls', backend: 'wasm' },
  grid: { learningRate: [0.01], epochs: [1], batchSize: [6] },
};
test.before(async () => {
  await setBackend('wasm', { threads: 1 });
});

const folder = temporaryFolder();
const planIn = (store: ResultStore, name: string, changes: Partial<SweepSettings> = {}) => {
  const experiment = experiments.find((candidate) => candidate.name === name);
  assert.ok(experiment);
  return new SweepPlan(experiment, { ...settings, ...changes }, (hash) => store.runFolder(hash));
};
const numbersOf = (store: ResultStore) =>
  store.list().map(({ experiment, row, task, seed, hash, status, metrics, pruning }) => {
    assert.ok(metrics);
    const { seconds: _, tokens_per_second: __, ...numbers } = metrics;
    return { experiment, row, task, seed, hash, status, numbers, pruning };
  });

test('every experiment runs, is written, and shares runs with the others', async () => {
  const store = await ResultStore.open(folder);
  let known = 0;
  for (const { name } of experiments) {
    // The experiments beside the paper's are of the same kind; one task of them is enough.
    const isBeside = ['masks', 'dynamic', 'backbone', 'sparsities'].includes(name);
    const some = isBeside ? ({ tasks: ['rte'] } as const) : {};
    const plan = planIn(store, name, name === 'table2' ? { models: [model, bart] } : some);
    const result = await runSweep({ plan, store });
    assert.deepEqual([result.status, result.runs, result.failed], ['finished', plan.size, 0], name);
    known += result.known;
    const { folder: output, summary } = await writeOutputs(plan, store);
    assert.deepEqual(readdirSync(output).sort(), [
      ...['figure-column.pdf', 'figure-column.png', 'figure-column.svg', 'figure.pdf', 'figure.png', 'figure.svg'],
      ...['report.html', 'table.csv', 'table.md', 'table.tex'],
    ]);
    assert.equal(readFileSync(join(output, 'figure.png')).toString('latin1', 1, 4), 'PNG');
    const svg = readFileSync(join(output, 'figure.svg'), 'utf8');
    const report = readFileSync(join(output, 'report.html'), 'utf8');
    // Nothing is fetched.
    assert.ok(!/(src|href)="(?!data:|#)/.test(report.replaceAll(/xmlns(:\w+)?="[^"]*"/g, '')), name);
    for (const { row, cells } of summary.rows) {
      assert.ok(report.includes(row.title.replace('&', '&amp;')), `${name}: ${row.title}`);
      for (const { scores, runs } of cells)
        assert.deepEqual([scores.bySeed.size, runs.length], [2, 2], `${name}: ${row.title}`);
    }
    assert.ok(svg.startsWith('<svg'));
    assert.ok(!/NaN|undefined/.test(svg), name);
  }
  // Tables 1, 2 and 3 and the figures have the dense adapter in common.
  assert.ok(known > 100, `${known}`);
  store.close();
});

test('table 2 has XSum with BART and SQuAD with the encoder beside the mean of GLUE', async () => {
  const csv = parse(readFileSync(join(folder, 'table2', 'table.csv'), 'utf8'), { columns: true }) as Record<
    string,
    string
  >[];
  const own = (row: string, isBart: boolean) => {
    const found = csv.find(({ Method, Model }) => Method === row && (Model === shortModel(bart)) === isBart);
    assert.ok(found, row);
    return found;
  };
  const store = await ResultStore.open(folder);
  for (const [title, row] of [
    ['Adapter', 'adapter'],
    ['s = 0.4', 's40'],
  ]) {
    const meanOf = (task: string, metric: string) => {
      const runs = store.list({ experiment: 'table2', row, task, status: 'finished' });
      assert.equal(runs.length, 2);
      return 100 * sampleMean(runs.map(({ metrics }) => metrics?.metrics?.[metric] as number));
    };
    const [encoder, writer] = [own(title, false), own(title, true)];
    const squad = /^([\d.]+) ± [\d.]+ \(EM ([\d.]+)\)$/.exec(encoder.SQuAD);
    assert.deepEqual(squad?.slice(1), [meanOf('squad', 'f1').toFixed(1), meanOf('squad', 'exact_match').toFixed(1)]);
    assert.equal(writer.XSum.split(' ')[0], meanOf('xsum', 'rouge2').toFixed(1));
    assert.deepEqual([encoder.XSum, writer.SQuAD, writer['Avg.'], writer.RTE], ['–', '–', '–', '–']);
    const average = sampleMean(
      ['cola', 'mrpc', 'stsb', 'rte'].map((task) => meanOf(task, knownDatasets[task as 'rte'].metrics[0])),
    );
    assert.equal(encoder['Avg.'].split(' ')[0], average.toFixed(1));
  }
  const dense = own('Adapter', false);
  assert.deepEqual([dense['RoBERTa Avg.'], dense['BART XSum'], dense['BERT SQuAD']], ['78.3', '21.6', '87.4']);
  store.close();
});

test('the report shows the masks', () => {
  const report = readFileSync(join(folder, 'table1', 'report.html'), 'utf8');
  // Five methods, two layers, two adapters of two matrices in each.
  assert.equal(report.match(/<figure class="mask">/g)?.length, 5 * 2 * 2 * 2);
  // Their overlap as a chart, and a matrix of two of them.
  assert.match(report, /Jaccard index; diagonal: one method, different seeds/);
  assert.match(
    report,
    /<figure class="mask difference"><img .*seed 1: white both, blue w\/ Rand\., orange w\/ Mag\., black none/,
  );
  assert.match(report, /layer 0\.attention\.output\.[\w.]+ \[32, 16\]: \d+ of 512 kept/);
});

test('what is pruned keeps as many weights as it should', async () => {
  const store = await ResultStore.open(folder);
  const kept = (experiment: string, row: string) =>
    store.list({ experiment, row, model: shortModel(model) }).map(({ pruning }) => pruning?.kept);
  const total = 2 * 2 * 2 * 32 * 16;
  assert.deepEqual(new Set(kept('table1', 'snip')), new Set([total - Math.floor(0.4 * total + 0.5)]));
  assert.deepEqual(new Set(kept('table2', 's80')), new Set([total - Math.floor(0.8 * total + 0.5)]));
  for (const row of ['ls2', 'ls3', 'ls4']) assert.deepEqual(new Set(kept('table3', row)), new Set([total]));
  store.close();
});

test('figure 4 has ten evaluations, as scores and as events', async () => {
  const store = await ResultStore.open(folder);
  const [run] = store.list({ experiment: 'figure4', row: 'ls4', task: 'rte', seed: 1 });
  const { history = [], steps = 0, metrics } = run.metrics ?? {};
  assert.equal(steps, 2);
  assert.deepEqual(
    history.map(({ step }) => step),
    [1, 2],
  );
  assert.deepEqual(history.at(-1)?.metrics, metrics);
  const events = join(folder, 'tensorboard', `ls4-rte-s1-${run.hash.slice(0, 6)}`);
  const [file] = readdirSync(events);
  const [, ...read] = readEvents(readFileSync(join(events, file)));
  assert.deepEqual(
    read.map(({ step, scalars }) => [step, Object.keys(scalars)]),
    [1, 2].flatMap((step) => [
      [step, ['loss', 'learning_rate', 'tokens_per_second']],
      [step, ['eval/accuracy']],
    ]),
  );
  store.close();
});

test('two sweeps have the same numbers, and the second time nothing is run', async () => {
  const sweep = async (output: string) => {
    const store = await ResultStore.open(output);
    const plan = planIn(store, 'table4', { tasks: ['mrpc', 'rte'], rows: ['s-lora', 's-fusion'] });
    const result = await runSweep({ plan, store });
    const numbers = numbersOf(store);
    store.close();
    return { result, numbers };
  };
  const [one, other] = [temporaryFolder(), temporaryFolder()];
  const [first, second] = [await sweep(one), await sweep(other)];
  assert.deepEqual(first.numbers, second.numbers);
  const again = await sweep(one);
  assert.equal(again.result.known, again.result.runs);
  assert.deepEqual(again.numbers, first.numbers);
});

test('a sweep of some rows, tasks or seeds takes nothing from the tables of the whole', async () => {
  const store = await ResultStore.open(temporaryFolder());
  const written = async (changes: Partial<SweepSettings>) => {
    const plan = planIn(store, 'table1', changes);
    await runSweep({ plan, store });
    const { folder: output, summary } = await writeOutputs(plan, store);
    const files = ['table.csv', 'table.md', 'table.tex', 'figure.svg'].map((name) =>
      readFileSync(join(output, name), 'utf8'),
    );
    const csv = parse(files[0], { columns: true }) as Record<string, string>[];
    const cells = Object.fromEntries(csv.map(({ Method, MRPC, RTE }) => [Method, [MRPC, RTE]]));
    return { files, cells, warnings: summary.plan.warnings };
  };
  const whole = await written({ tasks: ['mrpc', 'rte'], rows: ['full', 'random', 'snip'] });
  assert.match(whole.cells['w/ SNIP'].join(), /^[\d.]+ ± [\d.]+,[\d.]+ ± [\d.]+$/);
  const parts: Partial<SweepSettings>[] = [{ tasks: ['rte'] }, { rows: ['random'] }, { seeds: [1] }];
  for (const part of parts) {
    const { files, warnings } = await written({ tasks: ['mrpc', 'rte'], rows: ['full', 'random', 'snip'], ...part });
    assert.deepEqual(files, whole.files);
    assert.deepEqual(warnings, []);
  }
  // Of a command with other settings only its own cells change, and the others are said to be of earlier ones.
  const other = await written({ tasks: ['rte'], rows: ['random'], grid: { ...settings.grid, epochs: [2] } });
  assert.deepEqual(other.cells['Fine-Tune'], whole.cells['Fine-Tune']);
  assert.equal(other.cells['w/ Rand.'][0], whole.cells['w/ Rand.'][0]);
  assert.match(other.cells['w/ Rand.'][1], /± /);
  assert.match(
    other.warnings.join(),
    /^other settings than those of this command, .*: Fine-Tune, MRPC; .*w\/ SNIP, RTE$/,
  );
  // Even where the model of an earlier command is gone.
  const moved = tinyFolder();
  await written({ models: [moved], tasks: ['rte'], rows: ['snip'] });
  rmSync(moved, { recursive: true });
  const { files } = await written({ tasks: ['rte'], rows: ['random'] });
  const models = (parse(files[0], { columns: true }) as Record<string, string>[]).map(({ Model }) => Model);
  assert.ok(models.includes(shortModel(moved)) && models.includes(shortModel(model)));
  store.close();
});

test('a run in a sweep, which shares weights and tokens, is the same as one alone', async () => {
  const sweep = async (rows: readonly string[], options: Partial<SweepOptions> = {}) => {
    const store = await ResultStore.open(temporaryFolder());
    await runSweep({ plan: planIn(store, 'table1', { tasks: ['rte'], rows, seeds: [1] }), store, ...options });
    const numbers = numbersOf(store);
    store.close();
    return numbers;
  };
  // Full fine-tuning, which changes every weight of the backbone, comes first.
  const together = await sweep(['full', 'adapter', 'snip']);
  const alone = [...(await sweep(['full'])), ...(await sweep(['adapter'])), ...(await sweep(['snip'])).slice(1)];
  assert.deepEqual(together, alone);
});

test('memory does not grow from run to run', async () => {
  const store = await ResultStore.open(temporaryFolder());
  const plan = planIn(store, 'table1', { tasks: ['rte'], rows: ['full', 'adapter', 'snip'], seeds: [1, 2, 3] });
  const bytes: number[] = [];
  // What earlier tests have left to the garbage collector must not go meanwhile.
  await settled();
  await runSweep({ plan, store, events: { onRunEnd: () => bytes.push(memory().bytes) } });
  store.close();
  assert.equal(bytes.length, 9);
  assert.equal(new Set(bytes).size, 1, bytes.join(' '));
});

test('a grid is searched with the first seed, and the best point is run with the others', async () => {
  const store = await ResultStore.open(temporaryFolder());
  const grid = { learningRate: [1e-6, 0.05], epochs: [1, 20], batchSize: [6] };
  const plan = planIn(store, 'table1', { tasks: ['stsb'], rows: ['adapter'], seeds: [1, 2, 3], grid });
  const { runs } = await runSweep({ plan, store });
  assert.equal(runs, 4 + 2);
  const lookup = (hash: string) => store.find(hash);
  const [cell] = plan.cells;
  const scores = plan.search(cell, lookup).map(({ hash }) => scoreIn(lookup(hash), 'stsb') as number);
  const point = plan.point(cell, lookup);
  assert.deepEqual(point, plan.points(cell.row)[scores.indexOf(Math.max(...scores))]);
  const [row] = summarize(plan, lookup).rows;
  assert.deepEqual([...row.cells[0].scores.bySeed.keys()], [1, 2, 3]);
  store.close();
});

test('a search on a part of the training rows never looks at the development rows', async () => {
  const store = await ResultStore.open(temporaryFolder());
  const grid = { learningRate: [1e-6, 0.05], epochs: [20], batchSize: [6] };
  const changes = { tasks: ['stsb'], rows: ['adapter'], seeds: [1, 2], grid, searchSplit: 0.25 } as const;
  const plan = planIn(store, 'table1', changes);
  const lookup = (hash: string) => store.find(hash);
  const [cell] = plan.cells;
  const { runs } = await runSweep({ plan, store });
  assert.deepEqual([runs, plan.size], [2 + 2, 2 + 2]);
  const searched = plan.search(cell, lookup).map(({ hash }) => lookup(hash));
  for (const run of searched) {
    assert.equal(run?.settings.validationSplit, 0.25);
    // 12 rows, of which 3 are held out: 9 make two batches of 6.
    assert.deepEqual([run?.metrics?.steps, run?.answers], [20 * 2, null]);
  }
  const results = plan.result(cell, lookup).map(({ hash }) => lookup(hash));
  assert.deepEqual(
    results.map((run) => [run?.settings.validationSplit, run?.metrics?.steps, run?.answers?.targets.length]),
    [
      [undefined, 20 * 2, 8],
      [undefined, 20 * 2, 8],
    ],
  );
  // The tables show the results alone, also where another command of the experiment asks.
  const other = planIn(store, 'table1', { tasks: ['rte'], rows: ['random'], seeds: [1], searchSplit: 0.25 });
  await runSweep({ plan: other, store });
  const { summary } = await writeOutputs(other, store);
  const dense = summary.rows.find(({ row }) => row.id === 'adapter')?.cells.find((one) => one.cell.task === 'stsb');
  assert.deepEqual([...(dense?.scores.bySeed.keys() ?? [])], [1, 2]);
  assert.deepEqual(
    dense?.runs.map(({ hash }) => hash),
    plan.result(cell, lookup).map(({ hash }) => hash),
  );
  store.close();
});

test('the answers of a run give its scores again', async () => {
  const store = await ResultStore.open(folder);
  const runs = store.list({ experiment: 'table1' });
  for (const { task, metrics, answers } of runs) {
    assert.ok(answers && metrics?.metrics);
    const { targets, predictions } = answers;
    if (task !== 'mrpc' && task !== 'rte') continue;
    const right = targets.filter((target, i) => target === predictions[i]).length;
    assert.equal(right / targets.length, metrics.metrics.accuracy);
  }
  assert.ok(runs.length > 40);
  store.close();
});

test('a run that fails is noted and the others go on; it is tried again when asked', async () => {
  const store = await ResultStore.open(temporaryFolder());
  // A rate at which the loss overflows.
  const grid = { learningRate: [1e30], epochs: [2], batchSize: [6] };
  const plan = planIn(store, 'table1', {
    tasks: ['rte'],
    rows: ['full', 'adapter'],
    seeds: [1],
    grid,
    fullLearningRate: [1e-3],
  });
  const sweep = (options: Partial<SweepOptions> = {}) => runSweep({ plan, store, ...options });
  assert.deepEqual(await sweep(), { status: 'finished', runs: 2, known: 0, failed: 1 });
  const [failed] = store.list({ status: 'failed' });
  assert.equal(failed.row, 'adapter');
  assert.match(failed.error ?? '', /lower the learning rate/);
  assert.equal(store.list({ status: 'finished' }).length, 1);
  assert.deepEqual(await sweep(), { status: 'finished', runs: 2, known: 2, failed: 1 });
  assert.deepEqual(await sweep({ retry: true }), { status: 'finished', runs: 2, known: 1, failed: 1 });
  const { folder: output } = await writeOutputs(plan, store);
  assert.match(
    readFileSync(join(output, 'report.html'), 'utf8'),
    /Runs that failed.*Adapter, RTE: The (loss|gradient)/s,
  );
  store.close();
});

test('a sweep that is aborted goes on where it was', async () => {
  const sweep = async (output: string, options: Partial<SweepOptions> = {}) => {
    const store = await ResultStore.open(output);
    const plan = planIn(store, 'table1', { tasks: ['rte'], rows: ['snip'], seeds: [1, 2] });
    const result = await runSweep({ plan, store, ...options });
    const states = store.list().map(({ status }) => status);
    return { result, states, store };
  };
  const output = temporaryFolder();
  const controller = new AbortController();
  let steps = 0;
  const onStep = () => ++steps === 3 && controller.abort();
  const stopped = await sweep(output, { signal: controller.signal, events: { run: { onStep } } });
  assert.equal(stopped.result.status, 'stopped');
  assert.deepEqual(stopped.states, ['finished', 'stopped']);
  stopped.store.close();
  const rest = await sweep(output);
  assert.deepEqual(rest.result, { status: 'finished', runs: 4, known: 1, failed: 0 });
  const whole = await sweep(temporaryFolder());
  assert.deepEqual(numbersOf(rest.store), numbersOf(whole.store));
  rest.store.close();
  whole.store.close();
});

test('data that cannot be read are an error before any run', async () => {
  const store = await ResultStore.open(temporaryFolder());
  const plan = planIn(store, 'table1', { data: temporaryFolder() });
  await assert.rejects(runSweep({ plan, store }), /CoLA/);
  assert.equal(store.list().length, 0);
  store.close();
});

test.run();
