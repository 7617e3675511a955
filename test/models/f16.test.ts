import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { AdapterSet, attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import { grad, memory, Random, setBackend, tensor, tidy } from '../../src/index.ts';
import { openCheckpoint, parseSafetensors, serializeSafetensors, type TensorData } from '../../src/io/index.ts';
import { loadClassifier, packSequences, type SequenceClassifier } from '../../src/models/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import { AdamW } from '../../src/optim/index.ts';
import { grasp } from '../../src/pruning/index.ts';
import { storedTensor } from '../../src/tensor/create.ts';
import { classificationLoss } from '../../src/training/index.ts';
import { float16Bits, halfBits, storedNumbers } from '../support/stored.ts';
import { tinyBert, tinyExamples, tinyFolder, tinyTensors } from '../support/tiny-model.ts';
import { range, total } from '../support/values.ts';

const test = suite('models: weights stored as float16');
// How a backend keeps float16 is its own affair: this one keeps them as they are.
test.before(async () => {
  await setBackend('wasm');
});

const stored = serializeSafetensors(
  tinyTensors(tinyBert, 2).map(({ name, shape, data }): TensorData => {
    const bits = Uint16Array.from(data as Float32Array, float16Bits);
    return { name, dtype: 'F16', shape, data: new Uint8Array(bits.buffer) };
  }),
);
const values = parseSafetensors(stored, 'values');
/** The same numbers in two checkpoints. */
const folders = {
  half: tinyFolder({ tensors: [], files: { 'model.safetensors': stored } }),
  float: tinyFolder({
    tensors: values
      .names()
      .map((name) => ({ name, ...values.info(name), dtype: 'F32', data: values.readFloat32(name) })),
  }),
};

const load = (folder: string): SequenceClassifier =>
  loadClassifier(folder, new Random(1), () => ({ labels: ['no', 'yes'] })).model;
const items = tinyExamples(8);
const bits = (x: ArrayLike<number>): Uint32Array => new Uint32Array(Float32Array.from(x).buffer);

/** Checks that the results of `compute` agree for both models to the last bit; numbers are compared by their bits. */
async function agree(compute: (model: SequenceClassifier) => Promise<ArrayLike<number>[]>): Promise<void> {
  const [half, float] = [await compute(load(folders.half)), await compute(load(folders.float))];
  assert.deepEqual(half.map(bits), float.map(bits));
}

test('its matrices take two bytes for each weight, and the logits are the same', async () => {
  const before = memory().bytes;
  const model = load(folders.half);
  const expected = total(model.parameters().map(({ size, shape }) => (shape.length > 1 ? 2 : 4) * size));
  assert.equal(memory().bytes - before, expected);
  const logits = (of: SequenceClassifier) =>
    tidy(() => bits(of.forward(packSequences(items, of.encoder.positionIds)).dataSync()));
  assert.deepEqual(logits(model), logits(load(folders.float)));
  const after = memory().bytes;
  logits(model);
  assert.equal(memory().bytes, after);
});

/** Gradients of the loss with dropout, then a step of the optimiser if there is one. */
function step(model: SequenceClassifier, trained: readonly Parameter[], seed: number, adam?: AdamW): void {
  tidy(() => {
    const loss = classificationLoss(model, items, new Random(seed));
    const leaves = trained.map(({ value }) => value);
    const gradients = grad(loss, leaves);
    adam?.step(gradients);
  });
}

test('an adapter trains to the same weights on it, and the frozen matrices stay as they are', () =>
  agree(async (model) => {
    freezeBackbone(model, attachAdapter(model, houlsby.configure({ bottleneck: 4 })));
    const trained = model.parameters().filter(({ trainable }) => trainable);
    const before = memory().bytes;
    step(model, trained, 0);
    assert.equal(memory().bytes, before);
    const adam = new AdamW(trained, { learningRate: 0.01 });
    for (const seed of range(3)) step(model, trained, seed, adam);
    return Promise.all(model.parameters().map((parameter) => parameter.data()));
  }));

test('so does the whole model', () =>
  agree(async (model) => {
    const adam = new AdamW(model.parameters(), { learningRate: 0.01 });
    for (const seed of range(2)) step(model, model.parameters(), seed, adam);
    return Promise.all(model.parameters().map((parameter) => parameter.data()));
  }));

test('second derivatives are the same, and leave the matrices as they are', () =>
  agree(async (model) => {
    const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 4 }));
    freezeBackbone(model, adapter);
    const losses = [() => classificationLoss(model, items)];
    const before = memory().bytes;
    const scores = await grasp({ parameters: adapter.prunable, random: new Random(1), losses });
    assert.equal(memory().bytes, before);
    return scores;
  }));

test('LoRA merges into it and out of it; the matrices take the memory that they took', () =>
  agree(async (model) => {
    const adapters = new AdapterSet(model);
    const adapter = adapters.add('a', { kind: 'lora', rank: 2, init: 'bert' });
    freezeBackbone(model, adapter);
    const numbers = () => Promise.all(model.parameters().map((parameter) => parameter.data()));
    const [before, { bytes }] = [await numbers(), memory()];
    adapters.merge('a');
    const merged = await numbers();
    assert.notDeepEqual(merged, before);
    assert.equal(
      memory().bytes - bytes,
      4 * 2 * 2 * 16 * 16,
      'two floats matrices in each of two layers beside the float16',
    );
    adapters.unmerge();
    assert.equal(memory().bytes, bytes);
    assert.deepEqual(await numbers(), before);
    return merged;
  }));

test('full fine-tuning keeps them beside the tuned ones', () =>
  agree(async (model) => {
    const adapters = new AdapterSet(model);
    const numbers = () => Promise.all(model.parameters().map((parameter) => parameter.data()));
    const [before, { bytes }] = [await numbers(), memory()];
    const adapter = adapters.add('a', { kind: 'full' });
    adapters.activate('a');
    assert.equal(memory().bytes, bytes);
    const trained = adapter.parameters;
    step(model, trained, 0, new AdamW(trained, { learningRate: 0.01 }));
    const tuned = await numbers();
    adapters.remove('a');
    assert.deepEqual(await numbers(), before);
    return tuned;
  }));

test('a parameter of float16 can be frozen, masked, assigned and loaded as any other', async () => {
  const numbers = storedNumbers('F16', halfBits(12, 1));
  const w = new Parameter('w', numbers, [3, 4], { isNew: false });
  const start = Array.from(await w.data());
  w.trainable = false;
  assert.deepEqual([Array.from(await w.data()), w.trainable], [start, false]);
  const mask = start.map((_, i) => i % 2);
  w.setMask(mask);
  const masked = start.map((x, i) => x * mask[i] + 0);
  assert.deepEqual(
    Array.from(await w.data(), (x) => x + 0),
    masked,
  );
  w.setMask(null);
  w.assign(tensor(new Float32Array(12).fill(0.1), [3, 4]));
  assert.ok((await w.data()).every((x) => x === Math.fround(0.1)));
  w.load(start, null);
  assert.deepEqual(Array.from(await w.data()), start);
});

test('reading a checkpoint again and again leaves nothing behind', () => {
  for (const folder of Object.values(folders)) {
    const round = () => {
      const checkpoint = openCheckpoint(folder);
      for (const name of checkpoint.names()) {
        storedTensor(checkpoint.numbers(name), checkpoint.info(name).shape).dispose();
      }
      checkpoint.close();
    };
    const before = memory();
    for (const _ of range(20)) round();
    assert.deepEqual(memory(), before);
  }
});

test.run();
