import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { matmul, Random, randomNormal, setBackend } from '../../src/index.ts';
import { isHeadParameter } from '../../src/models/index.ts';
import { classificationObjective, Trainer, trainingDefaults } from '../../src/training/index.ts';
import { tinyClassifier, tinyExamples } from '../support/tiny-model.ts';

const test = suite('browser: threads of wasm');

const isolated = process.env.ISOLATED === 'true';

/** A product that is large enough to be divided, and the losses of some steps of training. */
async function compute(threads: number): Promise<{ threads: number; numbers: number[] }> {
  const backend = await setBackend('wasm', { threads });
  assert.ok(backend instanceof WasmBackend);
  const random = new Random(1);
  const [a, b] = [randomNormal([256, 128], random), randomNormal([128, 256], random)];
  const product = await matmul(a, b).data();
  const model = tinyClassifier();
  const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 4 }));
  freezeBackbone(model, adapter, isHeadParameter);
  const trainable = model.parameters().filter((parameter) => parameter.trainable);
  const options = { ...trainingDefaults, learningRate: 0.01, epochs: 1, batchSize: 4 };
  const trainer = new Trainer(classificationObjective(model, tinyExamples(20), trainable), options, new Random(1));
  const losses: number[] = [];
  while (!trainer.done) losses.push((await trainer.trainStep()).loss);
  return { threads: backend.readyThreads(), numbers: [...product, ...losses] };
}

test('the page is isolated, or not, as its headers say', () => {
  assert.equal(crossOriginIsolated, isolated);
});

test('two threads compute where memory can be shared, one elsewhere, with the same numbers', async () => {
  const [one, two] = [await compute(1), await compute(2)];
  assert.equal(one.threads, 1);
  assert.equal(two.threads, isolated ? 2 : 1);
  assert.deepEqual(two.numbers, one.numbers);
  assert.ok(one.numbers.every(Number.isFinite));
});

test('the backend tells why it has one thread', async () => {
  const text = (await setBackend('wasm', { threads: 2 })).describe();
  assert.match(text, isolated ? /^2 threads,/ : /^1 thread \(more need a cross-origin isolated page\),/);
});

test.run();
