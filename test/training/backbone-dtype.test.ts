import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { setBackend } from '../../src/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import {
  convertAdapter,
  evaluateRun,
  type GivenSettings,
  loadRun,
  prepareRun,
  RunCache,
  readRunConfig,
  WEIGHTS,
} from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { complete, dense, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: how the backbone is held');
test.before(async () => {
  await setBackend('wasm', { threads: 1 });
});
test.after(async () => {
  await setBackend('wasm');
});

const int8: GivenSettings = { ...tinySettings, backboneDtype: 'int8' };

async function finished(settings: GivenSettings, output = join(temporaryFolder(), 'run'), cache?: RunCache) {
  const result = await tinyRun(output, { settings, cache });
  assert.ok(result.status === 'finished');
  return { output, result, weights: readFileSync(join(output, WEIGHTS)) };
}

/** The names of the masked tensors of a run, and their masks. */
function masks(folder: string): [string, string][] {
  const file = openSafetensors(join(folder, WEIGHTS));
  try {
    const names = file.names().filter((name) => name.endsWith('.mask'));
    assert.ok(names.length > 0);
    return names.map((name) => [name, Buffer.from(file.readRaw(name)).toString('hex')]);
  } finally {
    file.close();
  }
}

for (const dtype of ['int8', 'float16'] as const) {
  test(`a run in ${dtype} says so, computes otherwise than float32, and is evaluated with what it was trained with`, async () => {
    const own = await finished({ ...tinySettings, backboneDtype: dtype });
    const float32 = await finished(tinySettings);
    assert.notDeepEqual(own.weights, float32.weights);
    assert.equal(readRunConfig(own.output).settings.backboneDtype, dtype);
    assert.equal(readRunConfig(float32.output).settings.backboneDtype, undefined);
    const { metrics } = await evaluateRun(own.output);
    assert.deepEqual(metrics, own.result.metrics.metrics);
    const { model } = loadRun(own.output);
    assert.ok(!model.isHeld, 'what is only loaded can be converted');
    const isInt8 = () => model.network.points.projection.map(({ linear }) => linear.weight.isInt8);
    assert.ok(!isInt8().includes(true));
    model.hold();
    assert.deepEqual([...new Set(isInt8())], [dtype === 'int8']);
    model.dispose();
  });
}

for (const pruning of ['magnitude', 'snip', 'grasp'] as const) {
  test(`scores of ${pruning} are taken on the weights as they are stored: the masks are those of float32`, async () => {
    const settings = { ...tinySettings, ...(pruning === 'magnitude' && { pruningExamples: undefined }), pruning };
    const own = await finished({ ...settings, backboneDtype: 'int8' });
    assert.deepEqual(masks(own.output), masks((await finished(settings)).output));
  });
}

test('it is held while it is read where nothing needs it as it is stored, and the run is the same to the last bit', async () => {
  const settings: GivenSettings = { ...int8, ...dense, adapter: { kind: 'lora', rank: 2 } };
  const isHeld = async (given: GivenSettings) => {
    const { model } = await prepareRun(complete(given));
    const own = model.network.points.projection.map(({ linear }) => linear.weight.isInt8);
    model.dispose();
    return [model.isHeld, ...new Set(own)];
  };
  assert.deepEqual(await isHeld(settings), [true, true]);
  assert.deepEqual(await isHeld({ ...int8, pruning: 'snip' }), [false, false]);
  const { output, weights } = await finished(settings);
  // Weights that runs share are held later.
  const cache = new RunCache();
  assert.deepEqual((await finished(settings, undefined, cache)).weights, weights);
  cache.dispose();
  const { model } = loadRun(output, { isOnlyUsed: true });
  assert.ok(model.isHeld);
  model.dispose();
});

test('a stopped run continues with the same bits', async () => {
  const whole = await finished(int8);
  const output = join(temporaryFolder(), 'run');
  await stoppedRun(output, 2, { settings: int8 });
  const result = await tinyRun(output, { settings: int8, resume: true });
  assert.equal(result.status, 'finished');
  assert.deepEqual(readFileSync(join(output, WEIGHTS)), whole.weights);
});

test('outputs of frozen layers are remembered apart from those of float32, and from those of scoring', async () => {
  const settings: GivenSettings = {
    ...int8,
    adapter: { kind: 'houlsby', bottleneck: 4, leaveOut: [0] },
    cacheFrozenLayers: true,
    pruning: 'snip',
  };
  const none = await finished(settings, undefined, new RunCache(0));
  const cache = new RunCache();
  await finished({ ...settings, backboneDtype: 'float32' }, undefined, cache);
  assert.deepEqual((await finished(settings, undefined, cache)).weights, none.weights);
  assert.deepEqual((await finished(settings, undefined, cache)).weights, none.weights);
  cache.dispose();
});

test('it is refused where the whole backbone is trained', async () => {
  const settings = { ...int8, ...dense, adapter: { kind: 'full' } };
  await assert.rejects(tinyRun(join(temporaryFolder(), 'run'), { settings }), {
    name: 'InputError',
    message: /backboneDtype/,
  });
});

test('a model that was used is neither scored on data nor merged: both need the weights as they were', async () => {
  const { model, items } = await prepareRun(complete({ ...int8, pruning: 'snip' }));
  model.hold();
  await assert.rejects(model.pruneAdapter(items), { name: 'InputError', message: /held as int8 since/ });
  model.dispose();
});

test('a run in int8 is converted from the weights of its checkpoint', async () => {
  const { output } = await finished({ ...int8, ...dense, adapter: { kind: 'lora', rank: 2 } });
  const target = join(temporaryFolder(), 'merged');
  const { files } = await convertAdapter(output, target, { to: 'huggingface' });
  assert.ok(Object.keys(files).some((name) => name.endsWith('.safetensors')));
});

test.run();
