import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { Parameter } from '../../src/nn/index.ts';
import { type GivenSettings, loadParts, TaskModel, Trainable, taskOf } from '../../src/training/index.ts';
import { useBackend } from '../support/on-backend.ts';
import { complete, tinySettings } from '../support/tiny-run.ts';
import { range, total } from '../support/values.ts';

const test = suite('training: what is trained');
useBackend(test, 'wasm');

/** A parameter of so many ones, the last `pruned` of them pruned. */
function parameter(name: string, size: number, { pruned = 0, trainable = true } = {}): Parameter {
  const own = new Parameter(
    name,
    range(size).map(() => 1),
    [size],
  );
  if (pruned > 0)
    own.load(
      range(size).map(() => 1),
      range(size).map((i) => Number(i < size - pruned)),
    );
  own.trainable = trainable;
  return own;
}

test('what is frozen is not trained, what is pruned does not count', () => {
  const all = [
    parameter('bert.encoder.layer.0.output.dense.weight', 1_000_000, { trainable: false }),
    parameter('bert.encoder.layer.0.output.dense.bias', 100, { trainable: false, pruned: 40 }),
    parameter('bert.encoder.layer.0.output.adapters.default.down.weight', 2000, { pruned: 800 }),
    parameter('bert.encoder.layer.0.output.adapters.default.down.bias', 34),
    parameter('classifier.weight', 15, { pruned: 5 }),
    parameter('classifier.bias', 2),
  ];
  const trainable = new Trainable(all);
  assert.deepEqual(trainable.parameters, all.slice(2));
  assert.deepEqual(trainable.counts, { adapter: 1234, head: 12 });
  assert.equal(trainable.count, 1246);
  assert.equal(trainable.total, 1_000_060 + 1246);
  assert.equal(String(trainable), 'trainable: 1,246 of 1,001,306 parameters (0.12 %)');
});

test('pruned weights do not count, and the counts are those of when they were asked', () => {
  const own = parameter('classifier.weight', 10);
  const trainable = new Trainable([own]);
  assert.equal(String(trainable), 'trainable: 10 of 10 parameters (100.00 %)');
  own.setMask(Float32Array.from(range(10), (i) => Number(i < 4)));
  assert.deepEqual([trainable.count, new Trainable([own]).count], [10, 4]);
});

test('nothing trained is 0 percent', () => {
  const trainable = new Trainable([parameter('bert.pooler.dense.bias', 8, { trainable: false })]);
  assert.deepEqual([trainable.parameters, trainable.count, trainable.counts], [[], 0, { adapter: 0, head: 0 }]);
  assert.equal(String(trainable), 'trainable: 0 of 8 parameters (0.00 %)');
});

function built(changes: GivenSettings = {}): TaskModel {
  const settings = complete({ ...tinySettings, ...changes });
  const model = new TaskModel(loadParts(taskOf(settings), settings, ['a', 'b']));
  model.addAdapter(settings.adapter);
  return model;
}

test('of a model: adapter and head; pruned weights leave the count', async () => {
  const model = built({ pruning: 'random', pruningExamples: undefined });
  const head = 16 * 17 + 2 * 17;
  // Four modules 16 -> 4 -> 16 with biases.
  const dense = 4 * (2 * 64 + 20);
  const whole = total(model.network.parameters().map(({ size }) => size));
  assert.deepEqual(model.trainable.counts, { adapter: dense, head });
  assert.equal(model.trainable.total, whole);

  const report = await model.pruneAdapter([]);
  assert.deepEqual([report?.total, report?.kept], [512, 307]);
  assert.deepEqual(model.trainable.counts, { adapter: 307 + 4 * 20, head });
  assert.equal(model.trainable.count, 307 + 4 * 20 + head);
  assert.equal(model.trainable.total, whole - (512 - 307));
});

test('of a model with a frozen head: the adapter alone', () => {
  const { trainable, adapter } = built({ freezeHead: true });
  assert.deepEqual(new Set(trainable.parameters), new Set(adapter.parameters));
  assert.deepEqual(trainable.counts, { adapter: 4 * (2 * 64 + 20), head: 0 });
});

test.run();
