import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import { Random } from '../../src/index.ts';
import { isHeadParameter } from '../../src/models/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import { prune } from '../../src/pruning/index.ts';
import { classificationLoss, classificationObjective, Trainer, trainingOptions } from '../../src/training/index.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { tinyClassifier, tinyExamples } from '../support/tiny-model.ts';

const test = suite('pruning: training');

const numbers = ({ value }: Parameter): number[] => Array.from(value.dataSync());
const maskOf = ({ mask }: Parameter): number[] => Array.from(mask?.dataSync() ?? []);

for (const method of ['snip', 'random']) {
  onEveryBackend(test, `${method}: training changes no mask, and pruned weights and their moments stay 0`, async () => {
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
    const [masks, start] = [adapter.prunable.map(maskOf), adapter.prunable.map(numbers)];

    const options = trainingOptions({ learningRate: 0.01, epochs: 2, batchSize: 4 });
    const trainer = new Trainer(classificationObjective(model, items, parameters), options, new Random(1));
    while (!trainer.done) {
      await trainer.trainStep();
      assert.deepEqual(adapter.prunable.map(maskOf), masks);
      const { moments } = await trainer.state();
      adapter.prunable.forEach((parameter, i) => {
        const { m, v } = moments.get(parameter.name) ?? { m: [], v: [] };
        numbers(parameter).forEach((weight, j) => {
          if (masks[i][j] === 0) assert.deepEqual([weight, m[j] + 0, v[j] + 0], [0, 0, 0], `${parameter.name} ${j}`);
        });
      });
    }
    adapter.prunable.forEach((parameter, i) => {
      const moved = numbers(parameter).filter((weight, j) => weight !== start[i][j]).length;
      assert.equal(moved, parameter.keptCount(), `all kept weights of ${parameter.name} were trained`);
    });
  });
}

test.run();
