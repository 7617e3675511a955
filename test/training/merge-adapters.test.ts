import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { AdapterSettings } from '../../src/adapters/index.ts';
import { packSequences } from '../../src/models/index.ts';
import { classification, convertAdapter, loadRun, mergeAdapters, readRun } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { twoTexts } from '../support/adapters.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { useBackend } from '../support/on-backend.ts';
import { weightsOf } from '../support/parameters.ts';
import { tinyFolder, tinyTensors } from '../support/tiny-model.ts';
import { dense, reviewData, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: merging of adapters');
useBackend(test, 'wasm');

const place = (): string => join(temporaryFolder(), 'run');

/** A trained run with LoRA, made once for the same changes. */
const made = new Map<string, string>();
async function runWith(changes: Partial<typeof tinySettings> & Record<string, unknown> = {}): Promise<string> {
  const key = JSON.stringify(changes);
  const known = made.get(key) ?? place();
  if (!made.has(key)) {
    await tinyRun(known, { settings: { ...tinySettings, adapter: lora, epochs: 1, ...changes } });
    made.set(key, known);
  }
  return known;
}

const lora: AdapterSettings = { kind: 'lora', rank: 2, alpha: 6 };

const logitsOf = (run: string): number[] => {
  const { model } = loadRun(run, { task: classification });
  const { network } = model;
  const values = Array.from(network.forward(packSequences(twoTexts, network.encoder.positionIds)).dataSync());
  model.dispose();
  return values;
};

const assertNear = (got: readonly number[], expected: readonly number[]): void => {
  assert.equal(got.length, expected.length);
  got.forEach((x, i) => {
    assert.ok(Math.abs(x - expected[i]) < 1e-5, `${got} and ${expected}`);
  });
};

test('one adapter with the weight 1 computes as before, with its head, classes and mask', async () => {
  const [run, merged] = [await runWith(), place()];
  const { adapter, warnings } = await mergeAdapters([run], merged, { method: 'cat', weights: [1] });
  assert.deepEqual([adapter.kind, adapter.rank, adapter.alpha, warnings], ['lora', 2, 2, []]);
  assertNear(logitsOf(merged), logitsOf(run));
  const [before, after] = [readRun(run), readRun(merged)];
  assert.ok(before.config.pruning);
  const counts = ({ pruning }: typeof before.config) => [pruning?.total, pruning?.kept, pruning?.layers];
  assert.deepEqual(counts(after.config), counts(before.config));
  assert.deepEqual(after.config.labels, before.config.labels);
  assert.deepEqual([after.metrics.steps, after.metrics.metrics, after.config.settings.pruning], [0, null, 'none']);
});

test('the head is that of the first, whatever the others are for, which a line says', async () => {
  const [mood, score, merged] = [await runWith(), await runWith(reviewData('score')), place()];
  const { warnings } = await mergeAdapters([mood, score], merged, { method: 'svd' });
  assert.equal(warnings.length, 1);
  assert.ok(warnings[0].startsWith(`The head is that of ${mood}; ${score} has another one`), warnings[0]);
  const heads = [mood, merged].map((run) => {
    const { model } = loadRun(run);
    const parameters = model.network.parameters().filter(({ name }) => /^classifier/.test(name));
    return parameters.map((parameter) => [...weightsOf(parameter)]);
  });
  assert.deepEqual(heads[1], heads[0]);
  assert.deepEqual((await mergeAdapters([mood, await runWith({ seed: 3 })], place())).warnings, []);
});

test('a merged run goes to PEFT, and folders of PEFT merge too', async () => {
  const [one, other] = [await runWith(), await runWith({ seed: 3, ...dense })];
  const [merged, there, again] = [place(), place(), place()];
  await mergeAdapters([one, other], merged, { method: 'cat', weights: [0.5, 0.5] });
  await convertAdapter(other, there, { to: 'peft' });
  await mergeAdapters([one, there], again, { method: 'cat', weights: [0.5, 0.5] });
  assertNear(logitsOf(again), logitsOf(merged));
  await convertAdapter(merged, there, { to: 'peft', overwrite: true });
});

test('what does not fit is refused, and nothing is written', async () => {
  const output = place();
  const backbone = tinyTensors();
  backbone[3].data[0] += 1;
  const elsewhere = await runWith({ model: tinyFolder({ tensors: backbone }) });
  const copied = await runWith({ model: tinyFolder() });
  const bottleneck = await runWith({ adapter: { kind: 'houlsby', bottleneck: 3 } });
  const wide = await runWith({ adapter: { ...lora, rank: 3 } });
  const run = await runWith();
  const refused = (folders: string[], ...message: RegExp[]) =>
    assertRejectsInput(() => mergeAdapters(folders, output), ...message);
  await refused([], /no adapter to merge/);
  await refused([run, place()], /There is no .*; give the folder of an adapter/);
  await refused([run, bottleneck], /is a houlsby adapter; only adapters of plain LoRA/);
  await refused([run, wide], /has the rank 2 in .* and 3 in .*, which linear cannot merge/);
  await refused([run, elsewhere], /which has other weights; merge adapters of one backbone/);
  assert.ok(!existsSync(output));
  await mergeAdapters([run, copied], output);
});

test.run();
