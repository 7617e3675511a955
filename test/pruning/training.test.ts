import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import { Random } from '../../src/index.ts';
import { isHeadParameter } from '../../src/models/index.ts';
import { prune } from '../../src/pruning/index.ts';
import { classificationLoss, classificationObjective, Trainer, trainingOptions } from '../../src/training/index.ts';
import { onGpu } from '../support/gpu.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { maskOf, weightsOf } from '../support/parameters.ts';
import { tinyClassifier, tinyExamples } from '../support/tiny-model.ts';

const test = suite('pruning: training');

for (const method of ['snip', 'random']) {
  onEveryBackend(test, `${method}: training changes no mask, pruned weights stay 0 and have no moments`, async () => {
    const model = tinyClassifier();
    const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 4, form: 'sparse-adapter', dropout: 0.1 }));
    freezeBackbone(model, adapter, isHeadParameter);
    const parameters = model.parameters().filter(({ trainable }) => trainable);
    const items = tinyExamples(12);
    await prune({
      method,
      sparsity: 0.5,
      parameters: adapter.prunable,
      random: new Random(1),
      losses: [() => classificationLoss(model, items)],
    });
    const [masks, start] = [adapter.prunable.map(maskOf), adapter.prunable.map(weightsOf)];

    const options = trainingOptions({ learningRate: 0.01, epochs: 2, batchSize: 4 });
    const trainer = new Trainer(classificationObjective(model, items, parameters), options, new Random(1));
    while (!trainer.done) {
      await trainer.trainStep();
      assert.deepEqual(adapter.prunable.map(maskOf), masks);
      const { moments } = await trainer.state();
      adapter.prunable.forEach((parameter, i) => {
        const { m, v } = moments.get(parameter.name) ?? { m: [], v: [] };
        const { length } = onGpu ? (masks[i] ?? []) : { length: parameter.keptCount() };
        assert.deepEqual([m.length, v.length], [length, length]);
        weightsOf(parameter).forEach((weight, j) => {
          if (masks[i]?.[j] === 0) assert.equal(weight, 0, `${parameter.name} ${j}`);
        });
      });
    }
    adapter.prunable.forEach((parameter, i) => {
      const moved = weightsOf(parameter).filter((weight, j) => weight !== start[i][j]).length;
      assert.equal(moved, parameter.keptCount(), `all kept weights of ${parameter.name} were trained`);
    });
  });
}

test.run();
