import assert from 'node:assert/strict';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';
import { ResultStore } from '../../src/experiments/store.ts';
import { type Driver, openDatabase } from '../../src/io/database.ts';
import { hashOf } from '../../src/queue/run-inputs.ts';
import { chosenSettings, located, type RunSettings } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';

const test = suite('experiments: store');

const results = { what: 'a database of results', hint: 'give the --output folder of reproduce, or a new one' };

const settings: RunSettings = located(
  chosenSettings({
    model: 'some-model',
    task: 'rte',
    data: '/data',
    adapter: { kind: 'houlsby', bottleneck: 8 },
    maxLength: 16,
  }),
);
const inputs = { numerics: 1, kernels: 'wasm 0', data: 'd', model: 'm', tokenizer: 't' };
const place = { experiment: 'table1', model: 'some-model', row: 'snip', task: 'rte', seed: 42 };
const metrics = {
  metrics: { accuracy: 0.75 },
  history: [],
  trained_parameters: { adapter: 10, head: 2 },
  backbone_parameters: 100,
  steps: 3,
  epoch_losses: [0.5],
  seconds: { pruning: 1, training: 2, evaluation: 3 },
  tokens_per_second: 5,
};

const drivers: Driver[] = process.getBuiltinModule('node:sqlite') ? ['runtime', 'wasm'] : ['wasm'];
for (const driver of drivers) {
  test(`a database of the driver '${driver}' keeps what is written`, async () => {
    const path = join(temporaryFolder(), 'new', 'some.sqlite');
    const database = await openDatabase(path, { driver, ...results });
    database.exec('CREATE TABLE t (name TEXT PRIMARY KEY, value REAL)');
    database.run('INSERT INTO t VALUES (?, ?)', ['a', 1.5]);
    database.run('INSERT INTO t VALUES (?, ?)', ["b'", null]);
    database.close();
    for (const reader of drivers) {
      const again = await openDatabase(path, { driver: reader, ...results });
      const rows = again.all('SELECT * FROM t ORDER BY name').map((row) => ({ ...row }));
      assert.deepEqual(rows, [
        { name: 'a', value: 1.5 },
        { name: "b'", value: null },
      ]);
      assert.deepEqual({ ...again.all('SELECT value FROM t WHERE name = ?', ['a'])[0] }, { value: 1.5 });
      again.close();
    }
  });

  test(`what is no database is refused by the driver '${driver}'`, async () => {
    const path = join(
      temporaryFolder({ 'some.sqlite': 'no database at all, but long enough to be looked at\n' }),
      'some.sqlite',
    );
    await assert.rejects(openDatabase(path, { driver, ...results }), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /some\.sqlite as a database of results \(.*\): give the --output folder/);
      return true;
    });
  });
}

test('the lock of a process that was killed in a transaction is removed', async () => {
  const path = join(temporaryFolder(), 'some.sqlite');
  (await openDatabase(path, { driver: 'wasm', ...results })).close();
  mkdirSync(`${path}.lock`);
  const seconds = Date.now() / 1000 - 9.5;
  utimesSync(`${path}.lock`, seconds, seconds);
  const database = await openDatabase(path, { driver: 'wasm', ...results });
  database.exec('CREATE TABLE t (name TEXT)');
  database.close();
  assert.ok(!existsSync(`${path}.lock`));
});

test('a run is noted, ends, is found and listed for each of its places', async () => {
  const folder = temporaryFolder();
  const store = await ResultStore.open(folder);
  const hash = hashOf(settings, inputs);
  assert.equal(store.find(hash), null);
  store.begin(hash, { settings, inputs, versions: { node: '1' }, command: ['a', 'b'] });
  store.place(hash, place);
  store.place(hash, place);
  store.place(hash, { ...place, experiment: 'table2', row: 's40' });
  assert.equal(store.find(hash)?.status, 'running');
  store.end(hash, 2.5, { status: 'failed', error: 'it broke' });
  assert.deepEqual([store.find(hash)?.status, store.find(hash)?.error], ['failed', 'it broke']);
  store.begin(hash, { settings, inputs, versions: { node: '2' }, command: ['a', 'b'] });
  store.end(hash, 1.5, {
    status: 'finished',
    metrics,
    pruning: { total: 4, kept: 2, layers: [{ name: 'a', total: 4, kept: 2 }] },
    answers: { targets: [0, 1], predictions: [1, 1] },
  });
  store.close();

  const again = await ResultStore.open(folder);
  const found = again.find(hash);
  assert.deepEqual(found?.settings, settings);
  assert.deepEqual(found?.metrics, metrics);
  assert.deepEqual(found?.inputs, inputs);
  assert.deepEqual(found?.answers, { targets: [0, 1], predictions: [1, 1] });
  assert.deepEqual([found?.seconds, found?.error, found?.versions], [4, null, { node: '2' }]);
  assert.deepEqual(
    again.list().map(({ experiment, row }) => [experiment, row]),
    [
      ['table1', 'snip'],
      ['table2', 's40'],
    ],
  );
  assert.equal(again.list({ experiment: 'table2', seed: 42, status: 'finished' }).length, 1);
  assert.equal(again.list({ status: 'failed' }).length, 0);
  assert.equal(again.list({ task: "x' OR '1' = '1" }).length, 0);
  again.close();
});

test('the hash is that of all settings and inputs, whatever their order and wherever files and fused runs lie', () => {
  const hash = (some: RunSettings) => hashOf(some, inputs);
  const reversed = Object.fromEntries(Object.entries(settings).reverse()) as unknown as RunSettings;
  assert.equal(hash(reversed), hash(settings));
  assert.equal(hash({ ...settings, data: '/elsewhere', model: '/else/where' }), hash(settings));
  assert.match(hash(settings), /^[0-9a-f]{16}$/);
  const changed: RunSettings[] = [
    { ...settings, seed: 1 },
    { ...settings, weightDecay: 0 },
    { ...settings, sparsity: 0.5 },
    { ...settings, evaluations: 2 },
  ];
  assert.equal(new Set([settings, ...changed].map(hash)).size, 5);
  // A setting that is added later, at its default, leaves the runs that were before it known.
  const { weightDecay: _, warmupRatio: __, ...fewer } = settings;
  assert.equal(hash(fewer as RunSettings), hash(settings));
  assert.notEqual(hash({ ...settings, validationSplit: 0.1 }), hash(settings));
  const others = Object.keys(inputs).map((name) =>
    hashOf(settings, { ...inputs, [name]: name === 'numerics' ? 2 : 'other' }),
  );
  assert.equal(new Set([hash(settings), ...others]).size, 6);
  const fusing = (folder: string) =>
    hash({ ...settings, fused: [{ name: 'a', run: folder, settings: { kind: 'pfeiffer' } }] });
  assert.equal(fusing('/here/abc'), fusing('/there/abc'));
  assert.notEqual(fusing('/here/abc'), fusing('/here/abd'));
});

test('a database of another version, and a file in place of the folder, are refused', async () => {
  const folder = temporaryFolder();
  const database = await openDatabase(ResultStore.file(folder), results);
  database.exec('CREATE TABLE t (x); PRAGMA user_version = 9');
  database.close();
  await assert.rejects(ResultStore.open(folder), /results\.sqlite has format 9 and not 2; choose another --output/);
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  await assert.rejects(ResultStore.open(file), InputError);
});

test.run();
