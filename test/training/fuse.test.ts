import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type Adapter, fusion } from '../../src/adapters/index.ts';
import {
  evaluateRun,
  fusedAdapters,
  type GivenSettings,
  loadRun,
  type RunOptions,
  runPruning,
  type TaskModel,
} from '../../src/training/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { useBackend } from '../support/on-backend.ts';
import { maskOf, weightsOf } from '../support/parameters.ts';
import { evaluatedRunFiles } from '../support/run-files.ts';
import { tinyFolder } from '../support/tiny-model.ts';
import { dense, reviewData, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: fusion of runs');
useBackend(test, 'wasm');

const pfeiffer = { kind: 'pfeiffer', bottleneck: 4 };
const place = (): string => join(temporaryFolder(), 'run');

/** Two finished runs, one sparse and one dense, and the settings of a run that fuses them. */
async function stageOne() {
  const runs = [
    { name: 'mood', run: place() },
    { name: 'score', run: place() },
  ];
  await tinyRun(runs[0].run, { settings: { ...tinySettings, adapter: pfeiffer } });
  const other = { ...tinySettings, adapter: pfeiffer, ...reviewData('score'), ...dense, seed: 7 };
  await tinyRun(runs[1].run, { settings: other });
  const fused = fusedAdapters(runs, tinySettings.model);
  const adapter = fusion.configure({ adapters: runs.map(({ name }) => name) });
  const settings: GivenSettings = { ...tinySettings, adapter, fused };
  return { runs, settings };
}

const state = ({ parameters }: Adapter) =>
  parameters.map((parameter) => [weightsOf(parameter), maskOf(parameter)] as const);

const bytes = (folder: string) => readFileSync(join(folder, 'adapter.safetensors'));

/** A run of the fusion, and its model as it was at the end. */
async function fuse(output: string, options: Partial<RunOptions>) {
  let trained: TaskModel | undefined;
  const onLoaded = (model: TaskModel) => {
    trained = model;
  };
  const result = await tinyRun(output, { ...options, events: { onLoaded } });
  assert.ok(trained && result.status === 'finished');
  return { ...result, trained };
}

test('stage two trains the fusion on adapters that stay what their runs made them; its folder is enough to go on', async () => {
  const { runs, settings } = await stageOne();
  const sources = runs.map(({ run }) => state(loadRun(run).model.adapter));
  const output = place();
  const { trained, metrics, config } = await fuse(output, { settings });
  runs.forEach(({ name }, i) => {
    assert.deepEqual(state(trained.adapters.get(name)), sources[i], name);
  });
  assert.ok(
    sources[0].some(([, mask]) => mask !== null),
    'one of them is sparse',
  );
  assert.equal(config.pruning?.total, 2 * 3 * 256, 'query, key and value matrices of two layers');
  assert.equal(metrics.trained_parameters.adapter, (config.pruning?.kept ?? 0) + 2 * 2 * 16);

  for (const { run } of runs) rmSync(run, { recursive: true });
  const loaded = loadRun(output).model;
  runs.forEach(({ name }, i) => {
    assert.deepEqual(state(loaded.adapters.get(name)), sources[i], name);
  });
  assert.deepEqual(state(loaded.adapter), state(trained.adapter));
  assert.deepEqual((await evaluateRun(output)).metrics, metrics.metrics);
});

test('a stopped fusion goes on without the runs that it mixes, and ends with the same bytes', async () => {
  const { runs, settings } = await stageOne();
  const [whole, stopped] = [place(), place()];
  await fuse(whole, { settings });
  await stoppedRun(stopped, 3, { settings });
  for (const { run } of runs) rmSync(run, { recursive: true });
  await tinyRun(stopped, { settings, resume: true });
  assert.ok(bytes(stopped).equals(bytes(whole)));
});

test('pruned without training, the folder holds the mixed adapters too', async () => {
  const { runs, settings } = await stageOne();
  const output = place();
  await runPruning({ settings, output, command: [], versions: {} });
  const loaded = loadRun(output).model;
  for (const { name, run } of runs)
    assert.deepEqual(state(loaded.adapters.get(name)), state(loadRun(run).model.adapter));
});

test('what cannot be fused', async () => {
  const [finished, other, stopped, lora, mixed] = [place(), place(), place(), place(), place()];
  const adapter = pfeiffer;
  await tinyRun(finished, { settings: { ...tinySettings, adapter } });
  await tinyRun(other, { settings: { ...tinySettings, adapter, model: tinyFolder() } });
  await stoppedRun(stopped, 1, { settings: { ...tinySettings, adapter } });
  await tinyRun(lora, { settings: { ...tinySettings, adapter: { kind: 'lora', rank: 2 } } });
  const named = (...folders: string[]) => folders.map((run, i) => ({ name: `n${i}`, run }));
  const fused = (...folders: string[]) => fusedAdapters(named(...folders), tinySettings.model);

  assertInputError(() => fused(finished), /two runs or more/);
  assertInputError(() => fused(finished, other), /was trained on .*, not on .*; fuse runs that have one backbone/);
  assertInputError(() => fused(finished, stopped), /the run was stopped; finish it with train --resume/);
  assertInputError(() => fused(finished, place()), /has no sparse-adapter\.json/);
  for (const names of [
    ['a', 'a'],
    ['default', 'a'],
  ]) {
    const runs = names.map((name) => ({ name, run: finished }));
    assertInputError(() => fusedAdapters(runs, tinySettings.model), /would be called '(a|default)'/);
  }
  const settingsOf = (...folders: string[]): GivenSettings => ({
    ...tinySettings,
    adapter: fusion.configure({ adapters: ['n0', 'n1'] }),
    fused: fused(...folders),
  });
  await assertRejectsInput(
    () => tinyRun(mixed, { settings: settingsOf(finished, lora) }),
    /'n1' has no bottleneck at bert/,
  );
  await tinyRun(mixed, { settings: settingsOf(finished, finished) });
  assertInputError(() => fused(mixed, finished), /is a fusion itself; fuse the runs that it mixes/);
  assert.deepEqual(readdirSync(mixed).toSorted(), evaluatedRunFiles);
});

test.run();
