import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suite } from 'uvu';
import { experiments } from '../../src/experiments/definitions.ts';
import { importRuns, readExport } from '../../src/experiments/import.ts';
import { writeOutputs } from '../../src/experiments/outputs.ts';
import { SweepPlan, type SweepSettings } from '../../src/experiments/plan.ts';
import { rowLines } from '../../src/experiments/rows.ts';
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

async function importedInto(path: string) {
  const store = await ResultStore.open(temporaryFolder());
  return { store, count: importRuns(store, await readExport(path)) };
}

const lines = join(temporaryFolder(), 'rows.jsonl');
test.before(async () => {
  await setBackend('wasm', { threads: 1 });
  const store = await ResultStore.open(folder);
  await runSweep({ plan: planIn(store), store, versions: { node: '1' }, command: ['reproduce'] });
  writeFileSync(lines, rowLines(store.list()));
  store.close();
});

for (const [what, path] of [
  ['rows as lines of JSON', lines],
  ['a database', ResultStore.file(folder)],
  ['an output folder', folder],
] as const) {
  test(`${what} gives an empty store the same runs, tables and charts, and nothing is run again`, async () => {
    const source = await ResultStore.open(folder);
    const { store, count } = await importedInto(path);
    const size = planIn(store).size;
    assert.deepEqual(count, { imported: size, known: 0, unfinished: 0, outdated: 0 });
    assert.equal(rowLines(store.list()), rowLines(source.list()));
    assert.deepEqual(await outputsOf(store), await outputsOf(source));
    const again = await runSweep({ plan: planIn(store), store });
    assert.deepEqual(again, { status: 'finished', runs: size, known: size, failed: 0 });
    assert.deepEqual(importRuns(store, await readExport(path)), {
      imported: 0,
      known: size,
      unfinished: 0,
      outdated: 0,
    });
    // Masks lie in the folders of runs, which stayed where they were.
    assert.ok(!readFileSync(join(store.folder, 'table4', 'report.html'), 'utf8').includes('<figure class="mask">'));
    assert.ok(readFileSync(join(source.folder, 'table4', 'report.html'), 'utf8').includes('<figure class="mask">'));
    store.close();
    source.close();
  });
}

test('where data and model lie elsewhere, the runs are those of that place, fusions too', async () => {
  const here = { model: join(temporaryFolder(), basename(model)), data: join(temporaryFolder(), 'glue') };
  cpSync(model, here.model, { recursive: true });
  cpSync(data, here.data, { recursive: true });
  const { store } = await importedInto(lines);
  const plan = planIn(store, here);
  const { runs, known } = await runSweep({ plan, store });
  assert.deepEqual([runs, known], [plan.size, plan.size]);
  const source = await ResultStore.open(folder);
  assert.deepEqual((await outputsOf(store, here)).slice(0, 2), (await outputsOf(source)).slice(0, 2));
  store.close();
  source.close();
});

test('a run that is there stays as it is, and runs that have not ended are left out', async () => {
  const runs = await readExport(lines);
  const [first, second, ...rest] = runs;
  const store = await ResultStore.open(temporaryFolder());
  store.begin(first.hash, first);
  store.end(first.hash, 1, { status: 'failed', error: 'here' });
  const count = importRuns(store, [first, { ...second, status: 'running' }, ...rest]);
  assert.deepEqual(count, { imported: runs.length - 2, known: 1, unfinished: 1, outdated: 0 });
  assert.deepEqual([store.find(first.hash)?.error, store.find(second.hash)], ['here', null]);
  store.close();
});

test('what is no export is one error, and a failing import changes nothing', async () => {
  const [{ experiment, model: name, row: id, task, seed, ...run }] = await readExport(lines);
  const place = { experiment, model: name, row: id, task, seed };
  const row = (changes: object) => JSON.stringify({ places: [place], ...run, ...changes });
  const files: Record<string, string> = {
    'text.json': 'runs, all of them',
    'object.json': '{}',
    'numbers.json': '[1, 2]',
    'other-hash.json': row({ settings: { ...run.settings, seed: 99 } }),
    'other-data.json': row({ inputs: { ...run.inputs, data: 'other' } }),
    'no-place.json': row({ places: [{ ...place, experiment: undefined }] }),
    'no-status.json': row({ status: 'lost' }),
  };
  const wrong = temporaryFolder(files);
  for (const name of Object.keys(files)) {
    await assertInputErrorAsync(
      () => readExport(join(wrong, name)),
      /\.json is no export of results; give a results\.sqlite, or what results --format jsonl has written/,
    );
  }
  await assertInputErrorAsync(() => readExport(join(wrong, 'none.json')), /Cannot read .*none\.json/);
  await assertInputErrorAsync(() => readExport(wrong), /Cannot read .*results\.sqlite/);
  assert.ok(!existsSync(ResultStore.file(wrong)));

  const store = await ResultStore.open(temporaryFolder());
  const whole = { ...place, ...run };
  const broken = { ...whole, hash: 'x', started: null as unknown as string };
  assert.throws(() => importRuns(store, [whole, broken]), /NOT NULL/);
  assert.equal(store.list().length, 0);
  store.close();
});

test('rows of another version of the numerics are left out', async () => {
  const [run] = await readExport(lines);
  const store = await ResultStore.open(temporaryFolder());
  const old = { ...run, inputs: { ...run.inputs, numerics: run.inputs.numerics - 1 } };
  assert.deepEqual(importRuns(store, [old]), { imported: 0, known: 0, unfinished: 0, outdated: 1 });
  assert.equal(store.list().length, 0);
  store.close();
});

test.run();
