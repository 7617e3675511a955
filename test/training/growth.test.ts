import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { type Adapter, attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import { WasmBackend } from '../../src/backends/wasm/index.ts';
import type { EncodedExample } from '../../src/data/index.ts';
import { memory, Random, setBackend } from '../../src/index.ts';
import { isHeadParameter, type SequenceClassifier } from '../../src/models/index.ts';
import { prune } from '../../src/pruning/index.ts';
import {
  classificationLoss,
  classificationObjective,
  predict,
  Trainer,
  trainingOptions,
} from '../../src/training/index.ts';
import { startWorkers } from '../support/threads.ts';
import { tinyBert, tinyClassifier, vocabulary } from '../support/tiny-model.ts';
import { range } from '../support/values.ts';

const test = suite('training: memory does not grow');
test.after(async () => {
  await setBackend('wasm');
});

/** Wide enough for a second thread to take part in the products of a batch. */
const config = { ...tinyBert, hidden_size: 64, intermediate_size: 128, num_attention_heads: 4 };

/** Sequences of all lengths that the model takes. */
function examples(count: number): EncodedExample[] {
  const random = new Random('lengths');
  return range(count).map((i) => {
    const filler = range(random.integer(21)).map(() => 5 + random.integer(vocabulary.length - 5));
    const ids = [2, ...filler, 18 + 4 * (i % 2), 3];
    return { ids, typeIds: ids.map(() => 0), label: i % 2 };
  });
}

interface Setup {
  readonly backend: WasmBackend;
  readonly model: SequenceClassifier;
  readonly adapter: Adapter;
  readonly items: readonly EncodedExample[];
}

/** A model with dropout and a Houlsby adapter, and what it reads, on a backend of its own. */
async function setup(threads: number): Promise<Setup> {
  const backend = await setBackend('wasm', { threads });
  assert.ok(backend instanceof WasmBackend);
  startWorkers(backend);
  const model = tinyClassifier(undefined, { config });
  const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 16, dropout: 0.1 }));
  freezeBackbone(model, adapter, isHeadParameter);
  return { backend, model, adapter, items: examples(96) };
}

async function pruneBy(method: string, { model, adapter, items }: Setup, count = items.length): Promise<void> {
  const losses = range(count / 8).map((i) => () => classificationLoss(model, items.slice(8 * i, 8 * i + 8)));
  await prune({ method, sparsity: 0.4, parameters: adapter.prunable, random: new Random(1), losses });
}

/**
 * Asserts that what is repeated leaves nothing behind: after the first times the living bytes stay as they are. The linear
 * memory reaches as far as after `warmUp` times: until then a larger batch may have come.
 */
async function assertConstant({ backend }: Setup, times: number, warmUp: number, once: () => Promise<unknown>) {
  for (const _ of range(3)) await once();
  const { bytes } = memory();
  let { tensors } = memory();
  let linear = Number.POSITIVE_INFINITY;
  for (const time of range(times)) {
    await once();
    const now = memory();
    // Garbage of earlier tests may go meanwhile.
    assert.ok(now.tensors <= tensors, `repetition ${time}: ${now.tensors - tensors} more tensors`);
    assert.equal(now.bytes, bytes, `repetition ${time}`);
    assert.ok(backend.memory.size <= linear, `repetition ${time}: ${backend.memory.size - linear} more bytes reserved`);
    tensors = now.tensors;
    if (time === warmUp) linear = backend.memory.size;
  }
}

for (const threads of [1, 2]) {
  const on = threads === 1 ? 'one thread' : `${threads} threads`;

  test(`in 500 training steps on ${on}`, async () => {
    const own = await setup(threads);
    const { backend, model, items } = own;
    await pruneBy('snip', own);
    const parameters = model.parameters().filter(({ trainable }) => trainable);
    const options = trainingOptions({ learningRate: 1e-3, epochs: 50, batchTokens: 100 });
    const trainer = new Trainer(classificationObjective(model, items, parameters), options, new Random(1));
    const lengths = new Set<number>();
    await assertConstant(own, 497, 25, async () => {
      const { batch } = await trainer.trainStep();
      for (const { ids } of batch) lengths.add(ids.length);
    });
    assert.equal(trainer.step, 500);
    assert.ok(lengths.size > 15, 'batches of many lengths');
    assert.equal(backend.readyThreads(), threads);
  });

  test(`in pruning and predicting again and again on ${on}`, async () => {
    const own = await setup(threads);
    for (const method of ['snip', 'grasp'] as const) await assertConstant(own, 12, 3, () => pruneBy(method, own, 16));
    const random = new Random(1);
    await assertConstant(own, 60, 20, () => predict(own.model, random.sample(own.items, 40), { batchSize: 8 }));
    assert.equal(own.backend.readyThreads(), threads);
  });
}

test.run();
