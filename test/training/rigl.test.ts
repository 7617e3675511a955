import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import { Random, setBackend } from '../../src/index.ts';
import { isHeadParameter } from '../../src/models/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import { prune } from '../../src/pruning/index.ts';
import { classificationObjective, loadRun, Trainer, trainingOptions } from '../../src/training/index.ts';
import { movedMask, movedPart, moveMasks } from '../../src/training/rigl.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertClose } from '../support/compare.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { maskOf } from '../support/parameters.ts';
import { forAll } from '../support/property.ts';
import { tinyClassifier, tinyExamples } from '../support/tiny-model.ts';
import { dense, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: masks that move');
useBackend(test, 'wasm');

test('the smallest kept weights go, and as many come where the gradient is largest', () => {
  const entry = fc.record({ w: fc.integer({ min: -9, max: 9 }), g: fc.integer({ min: -9, max: 9 }), m: fc.boolean() });
  const all = fc.array(entry, { minLength: 1, maxLength: 30 });
  forAll(fc.tuple(all, fc.double({ min: 0, max: 1, noNaN: true })), ([all, part]) => {
    const mask = all.map(({ m }) => Number(m));
    const kept = mask.filter((m) => m === 1).length;
    const count = Math.floor(part * kept);
    const weights = Float64Array.from(all, ({ w, m }) => (m ? w : 0));
    const gradient = Float64Array.from(all, ({ g }) => g);
    const moved = movedMask(weights, gradient, mask, count);
    assert.equal(moved.filter((m) => m === 1).length, kept);
    const at = (isWanted: (was: boolean, is: boolean) => boolean, of: Float64Array) =>
      Array.from(of, Math.abs).filter((_, i) => isWanted(mask[i] === 1, moved[i] === 1));
    const gone = at((was, is) => was && !is, weights);
    const magnitudes = Array.from(weights, Math.abs).filter((_, i) => mask[i]);
    const bound = magnitudes.sort((a, b) => a - b)[count - 1];
    assert.ok(gone.every((w) => w <= bound));
    const [came, out] = [at((was, is) => !was && is, gradient), at((_, is) => !is, gradient)];
    assert.ok(came.every((g) => out.every((other) => g >= other)));
    assert.ok(gone.length <= count && came.length === gone.length);
  });
});

test('30 % move at first, then fewer as the cosine says, and none in the last quarter', () => {
  assert.equal(movedPart(0, 100), 0.3);
  assertClose({ shape: [1], values: [movedPart(25, 100)] }, { shape: [1], values: [0.15 * 1.5] }, 1e-12);
  assert.deepEqual([movedPart(75, 100), movedPart(99, 100)], [0, 0]);
});

const numbersOf = async <Item>(parameters: readonly Parameter[], trainer: Trainer<Item>) => {
  const { moments } = await trainer.state();
  const spread = (parameter: Parameter, key: 'm' | 'v') => [
    ...parameter.spread(Float32Array.from(moments.get(parameter.name)?.[key] ?? [])),
  ];
  return Promise.all(
    parameters.map(async (parameter) => ({
      weights: [...(await parameter.data())],
      mask: [...Array.from((await parameter.keptPlaces()) ?? [])],
      m: spread(parameter, 'm'),
      v: spread(parameter, 'v'),
    })),
  );
};

onEveryBackend(test, 'what comes starts at 0 without moments, and what stays is as it was', async () => {
  const model = tinyClassifier();
  const adapter = attachAdapter(model, houlsby({ bottleneck: 4 }));
  freezeBackbone(model, adapter, isHeadParameter);
  const items = tinyExamples(16);
  const { prunable } = adapter;
  await prune({ method: 'random', sparsity: 0.5, parameters: prunable, losses: [], random: new Random(1) });
  const parameters = model.parameters().filter(({ trainable }) => trainable);
  const options = trainingOptions({ learningRate: 1e-2, epochs: 4, batchSize: 8 });
  const trainer = new Trainer(classificationObjective(model, items, parameters), options, new Random(1));
  for (let step = 0; step < 3; step++) await trainer.trainStep();
  const before = await numbersOf(prunable, trainer);
  await moveMasks(trainer, parameters);
  const after = await numbersOf(prunable, trainer);
  let came = 0;
  for (const [i, now] of after.entries()) {
    const own = before[i];
    const count = (mask: readonly number[]) => mask.filter((m) => m === 1).length;
    assert.equal(count(now.mask), count(own.mask));
    const stays = (j: number) => own.mask[j] === 1 && now.mask[j] === 1;
    for (const key of ['weights', 'm', 'v'] as const) {
      assert.deepEqual(
        now[key],
        own[key].map((value, j) => (stays(j) ? value : 0)),
        key,
      );
    }
    came += now.mask.filter((m, j) => m === 1 && own.mask[j] === 0).length;
  }
  assert.ok(came > 0);
  // Steps go on from there, those of the new weights too.
  await trainer.trainStep();
  const later = await numbersOf(prunable, trainer);
  assert.ok(later.some(({ weights }, i) => weights.some((w, j) => w !== 0 && after[i].weights[j] === 0)));
  assert.deepEqual(
    later.map(({ mask }) => mask),
    after.map(({ mask }) => mask),
  );
  trainer.dispose();
});

const place = (): string => join(temporaryFolder(), 'run');
const still = { ...tinySettings, pruning: 'random', pruningExamples: undefined, loadBestModelAtEnd: false } as const;
const moving = { ...still, riglSteps: 1 } as const;
const masksOf = (folder: string) => {
  const { model } = loadRun(folder);
  return Promise.all(model.adapter.prunable.map(async (one) => [maskOf(one), Array.from(await one.data())] as const));
};

test('a run that is stopped and continued ends with the same bits, and with other places than without', async () => {
  const [whole, parts, other] = [place(), place(), place()];
  await tinyRun(whole, { settings: moving });
  for (const stop of [1, 3]) {
    assert.equal((await stoppedRun(parts, stop, { settings: moving, resume: stop > 1 })).status, 'stopped');
  }
  await tinyRun(parts, { settings: moving, resume: true });
  const read = (folder: string) => readFileSync(join(folder, 'adapter.safetensors'));
  assert.ok(read(parts).equals(read(whole)));
  await tinyRun(other, { settings: still });
  const masks = async (folder: string) => (await masksOf(folder)).map(([mask]) => mask);
  assert.notDeepEqual(await masks(whole), await masks(other));
});

test('backends agree on the places and the weights', async () => {
  const on = async (name: 'reference' | 'wasm') => {
    await setBackend(name);
    const output = place();
    await tinyRun(output, { settings: { ...moving, backend: name } });
    return masksOf(output);
  };
  const [reference, wasm] = [await on('reference'), await on('wasm')];
  for (const [i, [mask, weights]] of wasm.entries()) {
    assert.deepEqual(mask, reference[i][0]);
    const vector = (values: readonly number[]) => ({ shape: [values.length], values });
    assertClose(vector(weights), vector(reference[i][1]), 1e-4);
  }
});

test('refused: without pruning, and where the best weights are kept, which have other places', async () => {
  await assertRejectsInput(() => tinyRun(place(), { settings: { ...moving, ...dense } }), /riglSteps.*pruning/);
  await assertRejectsInput(
    () => tinyRun(place(), { settings: { ...moving, loadBestModelAtEnd: true } }),
    /^--rigl-steps \(riglSteps\) .*--load-best-model-at-end false/,
  );
});

test.run();
