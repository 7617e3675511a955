import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { memory, Random, tidy } from '../../src/index.ts';
import { classificationLoss, evaluate, predict } from '../../src/training/index.ts';
import { assertNear } from '../support/near.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { permuted } from '../support/permuted.ts';
import { tinyClassifier, tinyExamples } from '../support/tiny-model.ts';
import { total } from '../support/values.ts';

const test = suite('training: classification');

const examples = tinyExamples(11);
const labels = ['a', 'b', 'c'];

onEveryBackend(test, 'predictions come in the order of the examples, in batches of any size', async () => {
  const model = tinyClassifier({ labels });
  const all = await predict(model, examples);
  assert.equal(all.length, 11);
  for (const batchSize of [1, 4, 11]) {
    const done: number[] = [];
    const some = await predict(model, examples, { batchSize, onBatch: (count) => done.push(count) });
    some.forEach(({ logits }, i) => {
      logits.forEach((x, j) => {
        assert.ok(Math.abs(x - all[i].logits[j]) < 1e-5);
      });
    });
    assert.deepEqual([done.length, done.at(-1)], [Math.ceil(11 / batchSize), 11]);
  }
  assert.deepEqual(await predict(model, []), []);
});

onEveryBackend(test, 'the order of the examples changes no prediction and no score', async () => {
  const model = tinyClassifier({ labels });
  const items = examples.map((example, i) => ({ ...example, label: i % labels.length }));
  const [mixed, places] = permuted(3, items, [...items.keys()]);
  const [before, after] = [await predict(model, items), await predict(model, mixed)];
  for (const [i, { logits }] of after.entries()) {
    logits.forEach((x, j) => {
      assert.ok(Math.abs(x - before[places[i]].logits[j]) < 1e-5);
    });
  }
  const metrics = ['accuracy', 'f1_macro'] as const;
  assertNear(await evaluate(model, mixed, metrics), await evaluate(model, items, metrics));
});

onEveryBackend(test, 'a class is the largest logit, its probability the largest of a softmax', async () => {
  for (const { value, logits, probabilities } of await predict(tinyClassifier({ labels }), examples)) {
    assert.ok(probabilities);
    assert.equal(logits[value], Math.max(...logits));
    assert.equal(probabilities[value], Math.max(...probabilities));
    assert.ok(Math.abs(total(probabilities) - 1) < 1e-12);
    const [a, b] = [Math.log(probabilities[0] / probabilities[1]), logits[0] - logits[1]];
    assert.ok(Math.abs(a - b) < 1e-9);
  }
});

onEveryBackend(test, 'a regression predicts its output', async () => {
  for (const { value, logits, probabilities } of await predict(tinyClassifier({ labels: null }), examples)) {
    assert.deepEqual([logits, probabilities], [[value], null]);
    assert.ok(Number.isFinite(value));
  }
});

onEveryBackend(test, 'evaluation compares predictions with labels', async () => {
  const model = tinyClassifier();
  const predicted = await predict(model, examples);
  const right = examples.map((example, i) => ({ ...example, label: predicted[i].value }));
  const half = right.map((example, i) => ({ ...example, label: i < 5 ? 1 - example.label : example.label }));
  assert.deepEqual(await evaluate(model, right, ['accuracy']), { accuracy: 1 });
  assert.deepEqual(await evaluate(model, half, ['accuracy']), { accuracy: 6 / 11 });
});

onEveryBackend(test, 'predicting leaves nothing behind', async () => {
  const model = tinyClassifier();
  const before = memory();
  await predict(model, examples, { batchSize: 4 });
  // Garbage of earlier tests may go meanwhile, so what counts is that nothing comes.
  assert.ok(memory().tensors <= before.tensors);
  assert.equal(memory().bytes, before.bytes);
});

test('an abort stops before the next batch with its reason', async () => {
  const controller = new AbortController();
  const done: number[] = [];
  const onBatch = (count: number) => {
    done.push(count);
    if (count === 4) controller.abort(new Error('enough'));
  };
  await assert.rejects(
    predict(tinyClassifier(), examples, { batchSize: 2, onBatch, signal: controller.signal }),
    /enough/,
  );
  assert.deepEqual(done, [2, 4]);
});

onEveryBackend(test, 'the loss of a batch is the mean of the losses of its examples', () => {
  for (const kind of [labels, null]) {
    const model = tinyClassifier({ labels: kind });
    const loss = (batch: typeof examples) => tidy(() => classificationLoss(model, batch)).item();
    const mean = total(examples.map((example) => loss([example]))) / examples.length;
    assert.ok(Math.abs(loss(examples) - mean) < 1e-5);
  }
});

test('an example to train on needs a label; dropout needs a generator', () => {
  const model = tinyClassifier();
  const [{ ids, typeIds }] = examples;
  assert.throws(() => classificationLoss(model, [{ ids, typeIds }]), /example 0 of the batch has no label/);
  const loss = (random?: Random) => tidy(() => classificationLoss(model, examples, random)).item();
  assert.equal(loss(), loss());
  assert.equal(loss(new Random(1)), loss(new Random(1)));
  assert.notEqual(loss(new Random(1)), loss());
});

test.run();
