import assert from 'node:assert/strict';
import { suite } from 'uvu';
import {
  type Adapter,
  AdapterSet,
  attachAdapter,
  freezeBackbone,
  fusion,
  houlsby,
  lora,
  mam,
} from '../../src/adapters/index.ts';
import { Random } from '../../src/index.ts';
import { isHeadParameter } from '../../src/models/index.ts';
import { prune } from '../../src/pruning/index.ts';
import { classificationLoss, classificationObjective, Trainer, trainingOptions } from '../../src/training/index.ts';
import { assertClose } from '../support/compare.ts';
import { onGpu } from '../support/gpu.ts';
import { useBackend } from '../support/on-backend.ts';
import { maskOf, weightsOf } from '../support/parameters.ts';
import { tinyBert, tinyClassifier, tinyExamples } from '../support/tiny-model.ts';

const test = suite('training: kept weights beside whole matrices');
useBackend(test, 'wasm');

/** Wide enough for the kernels of sparse products, which small matrices do without. */
const wide = { ...tinyBert, hidden_size: 64, num_attention_heads: 4, intermediate_size: 64, num_hidden_layers: 1 };

const families: readonly {
  readonly name: string;
  readonly attach: (model: ReturnType<typeof tinyClassifier>) => Adapter;
}[] = [
  { name: 'houlsby', attach: (model) => attachAdapter(model, houlsby({ bottleneck: 48 })) },
  { name: 'lora', attach: (model) => attachAdapter(model, lora({ rank: 32, init: 'bert' })) },
  {
    name: 'mam',
    attach: (model) =>
      attachAdapter(model, mam({ bottleneck: 32, init: 'bert', prefixLength: 4, prefixBottleneck: 32 })),
  },
  {
    name: 'fusion',
    attach: (model) => {
      const adapters = new AdapterSet(model);
      for (const name of ['a', 'b']) adapters.add(name, houlsby({ bottleneck: 8 }));
      const adapter = adapters.add('mixed', fusion({ adapters: ['a', 'b'] }));
      adapters.activate('mixed');
      return adapter;
    },
  },
];

/** Trains a pruned adapter for 50 steps, on its kept weights or on whole matrices with masks. */
async function trained({ attach }: (typeof families)[number], { isFinal }: { readonly isFinal: boolean }) {
  const model = tinyClassifier(undefined, { config: wide });
  const adapter = attach(model);
  freezeBackbone(model, adapter, isHeadParameter);
  const items = tinyExamples(40);
  const losses = [() => classificationLoss(model, items)];
  await prune({ method: 'snip', sparsity: 0.75, parameters: adapter.prunable, losses, random: new Random(1) });
  if (!isFinal) for (const parameter of adapter.prunable) parameter.openMask();
  const parameters = model.parameters().filter(({ trainable }) => trainable);
  const options = trainingOptions({ learningRate: 1e-3, epochs: 10, batchSize: 8 });
  const trainer = new Trainer(classificationObjective(model, items, parameters), options, new Random(1));
  const told: number[] = [];
  while (!trainer.done) told.push((await trainer.trainStep()).loss);
  assert.equal(told.length, 50);
  trainer.dispose();
  return { losses: told, parameters };
}

if (!onGpu) {
  for (const family of families) {
    test(`${family.name}: 50 steps on kept weights are those on whole matrices with masks, but for rounding`, async () => {
      const [kept, whole] = [await trained(family, { isFinal: true }), await trained(family, { isFinal: false })];
      assert.ok(kept.parameters.some(({ pattern }) => pattern !== null));
      assert.ok(whole.parameters.every(({ pattern }) => pattern === null));
      const vector = (values: readonly number[]) => ({ shape: [values.length], values });
      assertClose(vector(kept.losses), vector(whole.losses), 1e-4, 'losses');
      kept.parameters.forEach((parameter, i) => {
        const other = whole.parameters[i];
        assert.deepEqual(maskOf(parameter), maskOf(other), parameter.name);
        // Adding one number to all keys of a query changes nothing: its gradient is rounding, which Adam makes steps of.
        if (parameter.name.endsWith('key.bias')) return;
        assertClose(vector(weightsOf(parameter)), vector(weightsOf(other)), 1e-4, parameter.name);
      });
      for (const parameter of [...kept.parameters, ...whole.parameters]) parameter.dispose();
    });
  }
}

test.run();
