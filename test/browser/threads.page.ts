import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { loadInt8, matmul, Random, randomNormal, setBackend } from '../../src/index.ts';
import { isHeadParameter } from '../../src/models/index.ts';
import { classificationObjective, Trainer, trainingOptions } from '../../src/training/index.ts';
import { CountedShared } from '../support/threads.ts';
import { tinyClassifier, tinyExamples } from '../support/tiny-model.ts';

const test = suite('browser: threads of wasm');

/** Without isolation threads cannot share memory; of the others, one forbids all workers and one those that are no files. */
const page = process.env.PAGE;
const isolated = page !== 'plain';
const threads = page === 'plain' || page === 'none' ? 1 : 2;

const warnings: string[] = [];
console.warn = (text: string) => warnings.push(text);

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
  const options = trainingOptions({ learningRate: 0.01, epochs: 1, batchSize: 4 });
  const trainer = new Trainer(classificationObjective(model, tinyExamples(20), trainable), options, new Random(1));
  const losses: number[] = [];
  while (!trainer.done) losses.push((await trainer.trainStep()).loss);
  return { threads: backend.readyThreads(), numbers: [...product, ...losses] };
}

test('the page is isolated, or not, as its headers say', () => {
  assert.equal(crossOriginIsolated, isolated);
});

test('two threads compute where they can, one elsewhere, with the same numbers', async () => {
  const [one, two] = [await compute(1), await compute(2)];
  assert.equal(one.threads, 1);
  assert.equal(two.threads, threads);
  assert.deepEqual(two.numbers, one.numbers);
  assert.ok(one.numbers.every(Number.isFinite));
});

test('workers learn the kernels of 8 bits while they are at work', async () => {
  const sharing = new CountedShared();
  const backend = await new WasmBackend({ threads: 2, sharing }).start();
  assert.equal(backend.readyThreads(), threads);
  await loadInt8();
  const { int8 } = backend;
  assert.ok(int8);
  const [m, n, k] = [96, 256, 512];
  const x = { buffer: backend.upload(Float32Array.from({ length: m * k }, (_, i) => Math.sin(i))), shape: [m, k] };
  const w = { buffer: backend.upload(Float32Array.from({ length: n * k }, (_, i) => Math.cos(i))), shape: [n, k] };
  const packed = int8.pack(w);
  const first = backend.readSync(int8.linear(x, packed, null));
  const until = performance.now() + 20_000;
  sharing.others = 0;
  while (threads === 2 && sharing.others === 0) {
    assert.ok(performance.now() < until, 'the worker computed nothing');
    assert.deepEqual(backend.readSync(int8.linear(x, packed, null)), first);
  }
  assert.equal(backend.readyThreads(), threads);
});

test('the backend tells why it has one thread', async () => {
  const text = (await setBackend('wasm', { threads: 2 })).describe();
  if (threads === 2) assert.match(text, /^2 threads,/);
  else if (page === 'plain') assert.match(text, /^1 thread \(more need a cross-origin isolated page\),/);
  else assert.match(text, /^1 thread \(a worker thread does not start \(.+\)\),/);
});

test('there is one warning where workers are forbidden, and none elsewhere', () => {
  assert.equal(warnings.length, page === 'none' ? 1 : 0);
  if (page === 'none')
    assert.match(warnings[0], /^sparse-adapter: a worker thread does not start .* with 1 thread and/);
});

test.run();
