import assert from 'node:assert/strict';
import { suite } from 'uvu';
import {
  type Adapter,
  AdapterSet,
  attachAdapter,
  freezeBackbone,
  fusion,
  houlsby,
  loadSparseTensors,
  lora,
  mam,
  toSparseTensors,
} from '../../src/adapters/index.ts';
import { Random, setBackend } from '../../src/index.ts';
import { parseSafetensors, serializeSafetensors } from '../../src/io/index.ts';
import { isHeadParameter, type SequenceClassifier } from '../../src/models/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import { prune, timeShare } from '../../src/pruning/index.ts';
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

interface Family {
  readonly name: string;
  attach(model: SequenceClassifier): Adapter;
}
const families: readonly Family[] = [
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

/** A pruned adapter and a trainer of 50 steps, on its kept weights or on whole matrices with masks. */
async function setup({ attach }: Family, { isFinal }: { readonly isFinal: boolean }) {
  const model = tinyClassifier(undefined, { config: wide });
  const adapter = attach(model);
  freezeBackbone(model, adapter, isHeadParameter);
  const items = tinyExamples(40);
  const losses = [() => classificationLoss(model, items)];
  await prune({ method: 'snip', sparsity: 0.75, parameters: adapter.prunable, losses, random: new Random(1) });
  if (!isFinal) for (const parameter of adapter.prunable) parameter.openMask();
  const parameters = model.parameters().filter(({ trainable }) => trainable);
  // Of about 110 tokens: a tile, and most of another one.
  const options = trainingOptions({ learningRate: 1e-3, epochs: 25, batchSize: 20 });
  const trainer = new Trainer(classificationObjective(model, items, parameters), options, new Random(1));
  assert.equal(trainer.totalSteps, 50);
  return { parameters, prunable: adapter.prunable, trainer };
}

/** Takes all steps that are left. */
async function finish<Item>(trainer: Trainer<Item>): Promise<number[]> {
  const losses: number[] = [];
  while (!trainer.done) losses.push((await trainer.trainStep()).loss);
  trainer.dispose();
  return losses;
}

const vector = (values: readonly number[]) => ({ shape: [values.length], values });
const free = (parameters: readonly Parameter[]) => {
  for (const parameter of parameters) parameter.dispose();
};

if (!onGpu) {
  for (const family of families) {
    test(`${family.name}: 50 steps on kept weights are those on whole matrices with masks, but for rounding`, async () => {
      const [kept, whole] = [await setup(family, { isFinal: true }), await setup(family, { isFinal: false })];
      assert.ok(kept.prunable.every(({ pattern }) => pattern !== null));
      assert.ok(whole.prunable.every(({ pattern }) => pattern === null));
      const [losses, expected] = [await finish(kept.trainer), await finish(whole.trainer)];
      assertClose(vector(losses), vector(expected), 1e-4, 'losses');
      kept.parameters.forEach((parameter, i) => {
        const other = whole.parameters[i];
        assert.deepEqual(maskOf(parameter), maskOf(other), parameter.name);
        // Adding one number to all keys of a query changes nothing: its gradient is rounding, which Adam makes steps of.
        if (parameter.name.endsWith('key.bias')) return;
        assertClose(vector(weightsOf(parameter)), vector(weightsOf(other)), 1e-4, parameter.name);
      });
      free([...kept.parameters, ...whole.parameters]);
    });
  }

  test('on a backend without sparse products a pruned matrix keeps its mask, and is trained to the same', async () => {
    const run = async (hasSparse: boolean) => {
      const backend = await setBackend('reference');
      if (!hasSparse) Object.defineProperty(backend, 'sparse', { value: undefined });
      const model = tinyClassifier();
      const { prunable } = attachAdapter(model, houlsby({ bottleneck: 4 }));
      const items = tinyExamples(8);
      const losses = [() => classificationLoss(model, items)];
      await prune({ method: 'snip', sparsity: 0.75, parameters: prunable, losses, random: new Random(1) });
      assert.ok(prunable.every(({ mask, pattern }) => (hasSparse ? pattern : mask) && !(hasSparse ? mask : pattern)));
      const options = trainingOptions({ learningRate: 1e-3, epochs: 5, batchSize: 8 });
      await finish(new Trainer(classificationObjective(model, items, prunable), options, new Random(1)));
      const { tensors, metadata } = await toSparseTensors(prunable);
      loadSparseTensors(parseSafetensors(serializeSafetensors(tensors, metadata), 'file'), prunable);
      assert.ok(prunable.every(({ isPruned, pattern }) => isPruned && (pattern !== null) === hasSparse));
      return prunable.map((parameter) => [weightsOf(parameter), maskOf(parameter) ?? []]);
    };
    try {
      const [masked, kept] = [await run(false), await run(true)];
      for (const [i, [weights, mask]] of masked.entries()) {
        assert.deepEqual(mask, kept[i][1]);
        assertClose(vector(weights), vector(kept[i][0]), 1e-5);
      }
    } finally {
      await setBackend('wasm');
    }
  });

  test('kept weights that went through a file continue to the same bits', async () => {
    const [bottlenecks] = families;
    const whole = await setup(bottlenecks, { isFinal: true });
    assert.ok(whole.prunable.some(({ shape, value }) => (timeShare({ shape, kept: value.size }) ?? 1) < 1));
    const losses = await finish(whole.trainer);
    for (const stop of [0, 1, 23]) {
      const first = await setup(bottlenecks, { isFinal: true });
      for (let step = 0; step < stop; step++) await first.trainer.trainStep();
      const { tensors, metadata } = await toSparseTensors(first.parameters);
      const state = await first.trainer.state();
      const second = await setup(bottlenecks, { isFinal: true });
      loadSparseTensors(parseSafetensors(serializeSafetensors(tensors, metadata), 'file'), second.parameters);
      second.trainer.restore(state);
      assert.deepEqual(await finish(second.trainer), losses.slice(stop));
      assert.deepEqual(second.parameters.map(weightsOf), whole.parameters.map(weightsOf), `stopped after ${stop}`);
      first.trainer.dispose();
      free([...first.parameters, ...second.parameters]);
    }
  });
}

test.run();
