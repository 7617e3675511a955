import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import { type BackendName, Random, setBackend } from '../../src/index.ts';
import { isHeadParameter } from '../../src/models/index.ts';
import { prune } from '../../src/pruning/index.ts';
import { classificationLoss, classificationObjective, Trainer, trainingOptions } from '../../src/training/index.ts';
import { tinyClassifier, tinyExamples } from '../support/tiny-model.ts';

const test = suite('browser: training');

async function pruneAndTrain(backend: BackendName): Promise<{ masks: number[][]; losses: number[] }> {
  await setBackend(backend);
  const model = tinyClassifier();
  const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 4, form: 'sparse-adapter', dropout: 0.1 }));
  freezeBackbone(model, adapter, isHeadParameter);
  const items = tinyExamples(40);
  const losses = [() => classificationLoss(model, items)];
  await prune({ method: 'snip', sparsity: 0.5, parameters: adapter.prunable, random: new Random(1), losses });
  const masks: number[][] = [];
  for (const parameter of adapter.prunable) masks.push(Array.from((await parameter.keptPlaces()) ?? []));
  const trainable = model.parameters().filter((parameter) => parameter.trainable);
  const options = trainingOptions({ learningRate: 0.01, epochs: 2, batchSize: 8 });
  const trainer = new Trainer(classificationObjective(model, items, trainable), options, new Random(1));
  const steps: number[] = [];
  while (!trainer.done) steps.push((await trainer.trainStep()).loss);
  return { masks, losses: steps };
}

test('a pruned adapter is trained alike on the GPU and on wasm', async () => {
  const [onGpu, onWasm] = [await pruneAndTrain('gpu'), await pruneAndTrain('wasm')];
  assert.ok(onWasm.masks.every((mask) => mask.includes(1)));
  assert.deepEqual(onGpu.masks, onWasm.masks);
  assert.equal(onGpu.losses.length, 10);
  onGpu.losses.forEach((loss, step) => {
    assert.ok(Math.abs(loss - onWasm.losses[step]) <= 1e-3, `step ${step + 1}`);
  });
});

test.run();
