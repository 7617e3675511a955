import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { experiments } from '../../src/experiments/definitions.ts';
import { importRuns, type Moves, readExport } from '../../src/experiments/import.ts';
import { writeOutputs } from '../../src/experiments/outputs.ts';
import { SweepPlan, type SweepSettings } from '../../src/experiments/plan.ts';
import { ResultStore } from '../../src/experiments/store.ts';
import { runSweep } from '../../src/experiments/sweep.ts';
import { setBackend } from '../../src/index.ts';
import { assertInputErrorAsync } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { tinyGlue } from '../support/tiny-glue.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('experiments: import');

const model = tinyFolder();
const data = tinyGlue();
const folder = temporaryFolder();

interface Places {
  readonly model: string;
  readonly data: string;
}
const planIn = (store: ResultStore, places: Places = { model, data }) => {
  const experiment = experiments.find(({ name }) => name === 'table4');
  assert.ok(experiment);
  const settings: SweepSettings = {
    ...{ models: [places.model], data: places.data, seeds: [1, 2], width: 8, pooling: 'cls', backend: 'wasm' },
    ...{ tasks: ['mrpc', 'rte'], rows: ['s-fusion'] },
    grid: { learningRate: [0.01], epochs: [1], batchSize: [6] },
  };
  return new SweepPlan(experiment, settings, (hash) => store.runFolder(hash));
};

/** The table and the chart that a store gives. */
async function outputsOf(store: ResultStore, places?: Places): Promise<string[]> {
  const { folder: written } = await writeOutputs(planIn(store, places), store);
  return ['table.csv', 'table.tex', 'figure.svg'].map((name) => readFileSync(join(written, name), 'utf8'));
}

async function importedInto(path: string, moves?: Moves) {
  const store = await ResultStore.open(temporaryFolder());
  return { store, count: importRuns(store, await readExport(path), moves) };
}

const json = join(temporaryFolder(), 'export.json');
test.before(async () => {
  await setBackend('wasm', { threads: 1 });
  const store = await ResultStore.open(folder);
  await runSweep({ plan: planIn(store), store, versions: { node: '1' }, command: ['reproduce'] });
  writeFileSync(json, JSON.stringify(store.list()));
  store.close();
});

for (const [what, path] of [
  ['an export as JSON', json],
  ['a database', ResultStore.file(folder)],
  ['an output folder', folder],
] as const) {
  test(`${what} gives an empty store the same runs, tables and charts, and nothing is run again`, async () => {
    const source = await ResultStore.open(folder);
    const { store, count } = await importedInto(path);
    const size = planIn(store).size;
    assert.deepEqual(count, { imported: size, known: 0, unfinished: 0 });
    assert.deepEqual(store.list(), source.list());
    assert.deepEqual(await outputsOf(store), await outputsOf(source));
    const again = await runSweep({ plan: planIn(store), store });
    assert.deepEqual(again, { status: 'finished', runs: size, known: size, failed: 0 });
    assert.deepEqual(importRuns(store, await readExport(path)), { imported: 0, known: size, unfinished: 0 });
    // Masks lie in the folders of runs, which stayed where they were.
    assert.ok(!readFileSync(join(store.folder, 'table4', 'report.html'), 'utf8').includes('<figure class="mask">'));
    assert.ok(readFileSync(join(source.folder, 'table4', 'report.html'), 'utf8').includes('<figure class="mask">'));
    store.close();
    source.close();
  });
}

test('where data and model lie elsewhere, the runs are those of that place, fusions too', async () => {
  const here = { model: join(temporaryFolder(), 'model'), data: join(temporaryFolder(), 'glue') };
  cpSync(model, here.model, { recursive: true });
  cpSync(data, here.data, { recursive: true });
  const { store } = await importedInto(json, [
    [model, here.model],
    [data, here.data],
  ]);
  const plan = planIn(store, here);
  const { runs, known } = await runSweep({ plan, store });
  assert.deepEqual([runs, known], [plan.size, plan.size]);
  const source = await ResultStore.open(folder);
  assert.deepEqual((await outputsOf(store, here)).slice(0, 2), (await outputsOf(source)).slice(0, 2));
  store.close();
  source.close();
});

test('a run that is there stays as it is, and runs that have not ended are left out', async () => {
  const runs = await readExport(json);
  const [first, second, ...rest] = runs;
  const store = await ResultStore.open(temporaryFolder());
  store.begin(first.hash, first);
  store.end(first.hash, 1, { status: 'failed', error: 'here' });
  const count = importRuns(store, [first, { ...second, status: 'running' }, ...rest]);
  assert.deepEqual(count, { imported: runs.length - 2, known: 1, unfinished: 1 });
  assert.deepEqual([store.find(first.hash)?.error, store.find(second.hash)], ['here', null]);
  store.close();
});

test('what is no export is one error, and a failing import changes nothing', async () => {
  const [run] = await readExport(json);
  const files: Record<string, string> = {
    'text.json': 'runs, all of them',
    'object.json': '{}',
    'numbers.json': '[1, 2]',
    'other-hash.json': JSON.stringify([{ ...run, settings: { ...run.settings, seed: 99 } }]),
    'no-place.json': JSON.stringify([{ ...run, experiment: undefined }]),
    'no-status.json': JSON.stringify([{ ...run, status: 'lost' }]),
  };
  const wrong = temporaryFolder(files);
  for (const name of Object.keys(files)) {
    await assertInputErrorAsync(
      () => readExport(join(wrong, name)),
      /\.json is no export of results; give a results\.sqlite, or what results --format json has written/,
    );
  }
  await assertInputErrorAsync(() => readExport(join(wrong, 'none.json')), /Cannot read .*none\.json/);
  await assertInputErrorAsync(() => readExport(wrong), /Cannot read .*results\.sqlite/);
  assert.ok(!existsSync(ResultStore.file(wrong)));

  const store = await ResultStore.open(temporaryFolder());
  const broken = { ...run, hash: 'x', started: null as unknown as string };
  assert.throws(() => importRuns(store, [run, broken]), /NOT NULL/);
  assert.equal(store.list().length, 0);
  store.close();
});

test('the published results can be imported', async () => {
  for (const name of ['table1', 'figure2']) {
    const runs = await readExport(join(import.meta.dirname, `../../docs/results/${name}.json`));
    assert.ok(runs.length > 0 && runs.every(({ status }) => status === 'finished'));
  }
});

test.run();
