import assert from 'node:assert/strict';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suite } from 'uvu';
import { experiments, ResultStore, runSweep, SweepPlan, type SweepSettings } from '../../src/experiments/index.ts';
import { setBackend } from '../../src/index.ts';
import {
  type JobEnd,
  jobOf,
  openQueue,
  type RunHereOptions,
  type RunJob,
  type RunRow,
  runHere,
} from '../../src/queue/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { until } from '../queue/workers.ts';
import { sparseAdapter } from '../support/command.ts';
import { tinyGlue } from '../support/tiny-glue.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('experiments: sweeps by workers');

const model = tinyFolder();
const data = tinyGlue();
const settings: SweepSettings = {
  ...{ models: [model], data, tasks: ['rte'], rows: ['random'], seeds: [1], width: 8, pooling: 'cls', backend: 'wasm' },
  grid: { learningRate: [0.01], epochs: [2], batchSize: [6] },
};
const [table1] = experiments;
const versions = { 'sparse-adapter': '1.0.0' };
const checkpointSeconds = 60;
// Workers have kernels of 128 bits too.
const useBackend = () => setBackend('wasm', { threads: 1 });
test.before(async () => {
  await useBackend();
});

/** The rows of a store, without times. */
const rowsOf = (store: ResultStore) =>
  store.list().map(({ hash, status, metrics, pruning, answers, settings, inputs, row, seed }) => {
    const { seconds: _, tokens_per_second: __, ...numbers } = metrics ?? { seconds: 0, tokens_per_second: 0 };
    return { hash, status, numbers, pruning, answers, settings, inputs, row, seed };
  });

test('a worker runs what a sweep puts into a queue, with the rows of one machine', async () => {
  const version = JSON.parse(await (await import('node:fs/promises')).readFile('package.json', 'utf8')).version;
  const folder = temporaryFolder();
  const address = join(folder, 'queue.sqlite');
  const queue = await openQueue(address);
  const store = await ResultStore.open(join(folder, 'queued'));
  const plan = new SweepPlan(table1, settings, (hash) => store.runFolder(hash));
  const lines: string[] = [];
  const events = { run: { onWarning: (line: string) => lines.push(line) } };
  const sweeping = runSweep({ plan, store, queue, versions: { 'sparse-adapter': version }, events });
  await until(async () => (await queue.counts()).waiting === 2);
  const { code, stderr } = await sparseAdapter([
    ...['worker', '--queue', address, '--artifacts', store.folder, '--processes', '2', '--until-empty'],
  ]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(await sweeping, { status: 'finished', runs: 2, known: 0, failed: 0 });
  assert.ok(lines.some((line) => line.includes('has 12 examples; the official train split has 2490')));
  const alone = await ResultStore.open(temporaryFolder());
  const same = new SweepPlan(table1, settings, (hash) => alone.runFolder(hash));
  await runSweep({ plan: same, store: alone });
  const byRow = (store: ResultStore) => rowsOf(store).sort((a, b) => (a.row < b.row ? -1 : 1));
  assert.deepEqual(byRow(store), byRow(alone));
  for (const { hash } of rowsOf(store)) assert.ok(existsSync(join(store.runFolder(hash), 'adapter.safetensors')));
  // Found in the queue by a command that has another store, and in the store by the same one.
  const other = await ResultStore.open(temporaryFolder());
  const third = new SweepPlan(table1, settings, (hash) => other.runFolder(hash));
  await runSweep({ plan: third, store: other, queue, versions: { 'sparse-adapter': version } });
  assert.deepEqual(byRow(other), byRow(alone));
  assert.equal((await runSweep({ plan, store, queue })).known, 2);
  for (const one of [store, alone, other]) one.close();
  await queue.close();
});

/** What comes of a job on a machine. @param stopAt the report of its progress with which it is told to stop */
async function onMachine(
  change: Partial<RunJob>,
  options: Partial<RunHereOptions> = {},
  stopAt = Number.POSITIVE_INFINITY,
) {
  const plan = new SweepPlan(table1, settings, (hash) => hash);
  const [{ hash, settings: own, inputs }] = plan.result(plan.cells[0], () => null);
  const { id, data: asked } = jobOf({
    hash,
    title: 'a run',
    settings: own,
    inputs,
    version: '1.0.0',
    checkpointSeconds,
  });
  const job = { id, data: JSON.parse(JSON.stringify({ ...(asked as RunJob), ...change })) };
  const told: string[] = [];
  const controller = new AbortController();
  let reports = 0;
  const events = {
    signal: controller.signal,
    onProgress: () => ++reports === stopAt && controller.abort(),
    onLine: (line: string) => void told.push(line),
  };
  const folders = { data: [], artifacts: temporaryFolder() };
  return { end: await runHere(job, { ...folders, versions, useBackend, ...options }, events), job, told };
}

const reasonOf = ({ end }: { readonly end: JobEnd }) => (end.kind === 'refused' ? end.reason : end.kind);

test('a worker that would give other numbers refuses, and says why', async () => {
  const { job } = await onMachine({ version: 'none' });
  const { inputs } = job.data as RunJob;
  const other = tinyGlue({ train: 14 });
  const places = { model, data, evalData: null, fused: [] };
  const cases: [Partial<RunJob>, Partial<RunHereOptions>, RegExp][] = [
    [{ version: '2.0.0' }, {}, /^it has sparse-adapter 1\.0\.0 and the job is of 2\.0\.0: install the same one$/],
    [{ inputs: { ...inputs, numerics: 99 } }, {}, /numerics have version \d+ and those of the job 99/],
    [{ inputs: { ...inputs, kernels: 'wasm 0' } }, {}, /^its kernels are wasm .* and those of the job wasm 0$/],
    [{ plugins: ['abc'] }, {}, /other plugins: give both the same --plugin/],
    [{ places: { ...places, data: '/no/such/glue' } }, {}, /the data \/no\/such\/glue \(.*\) are not here: .*--data$/],
    [{ places: { ...places, data: '/no/such/glue' } }, { data: [other] }, /the data in .* are not those of the job/],
    [{ places: { ...places, model: '/no/bert' } }, {}, /the model \/no\/bert \(.*\) are not here/],
  ];
  for (const [change, options, reason] of cases) assert.match(reasonOf(await onMachine(change, options)), reason);
});

test('data and models are found by what they hold, below the folders of a worker', async () => {
  const elsewhere = temporaryFolder();
  cpSync(data, join(elsewhere, 'corpora', 'glue'), { recursive: true });
  cpSync(model, join(elsewhere, basename(model)), { recursive: true });
  const places = { model: `/home/a/${basename(model)}`, data: 'C:\\home\\corpora\\glue', evalData: null, fused: [] };
  const { end } = await onMachine({ places }, { data: [elsewhere] });
  assert.equal(end.kind, 'done', reasonOf({ end }));
});

test('a run that was stopped goes on from its checkpoint on another machine that shares the folder', async () => {
  const artifacts = temporaryFolder();
  const stopped = await onMachine({}, { artifacts }, 1);
  assert.equal(stopped.end.kind, 'stopped');
  const { hash } = stopped.job.data as RunJob;
  const checkpoint = join(artifacts, 'runs', hash, 'checkpoint.safetensors');
  assert.ok(existsSync(checkpoint));
  const [rest, alone] = [await onMachine({}, { artifacts }), await onMachine({})];
  assert.ok(!existsSync(checkpoint));
  const numbersOf = ({ end }: typeof rest) => {
    const { metrics, answers } = (end as { readonly result: RunRow }).result;
    const { seconds: _, tokens_per_second: __, ...numbers } = metrics ?? { seconds: 0, tokens_per_second: 0 };
    return { numbers, answers };
  };
  assert.deepEqual(numbersOf(rest), numbersOf(alone));
});

test('a run that was done is looked up, and one that has failed is a row too', async () => {
  const artifacts = temporaryFolder();
  const first = await onMachine({}, { artifacts });
  const { hash } = first.job.data as RunJob;
  rmSync(join(artifacts, 'runs'), { recursive: true });
  const second = await onMachine({}, { artifacts });
  assert.deepEqual(second.end, JSON.parse(JSON.stringify(first.end)));
  assert.ok(!existsSync(join(artifacts, 'runs', hash)));
  const { settings: own } = first.job.data as RunJob;
  const { end } = await onMachine({ settings: { ...own, learningRate: 1e30 } });
  const { status, error } = (end as { readonly result: RunRow }).result;
  assert.equal(status, 'failed');
  assert.match(error ?? '', /lower the learning rate/);
});

test.run();
