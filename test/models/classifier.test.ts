import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { grad, memory, noGrad, Random, setBackend, type Tensor, tidy } from '../../src/index.ts';
import {
  clsPooling,
  isHeadParameter,
  packPadded,
  packSequences,
  type SequenceClassifier,
} from '../../src/models/index.ts';
import { assertClose } from '../support/compare.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { tinyBert, tinyClassifier, tinyRoberta } from '../support/tiny-model.ts';
import { fromTensor, toTensor } from '../support/values.ts';

const test = suite('models: sequence classifiers');

const texts = [{ ids: [2, 14, 8, 18, 3] }, { ids: [2, 22, 3], typeIds: [0, 0, 1] }];
const roberta = [{ ids: [0, 14, 8, 18, 2] }, { ids: [0, 22, 2] }];

const forward = (model: SequenceClassifier, random?: Random): Tensor =>
  model.forward(packSequences(model.config.model_type === 'bert' ? texts : roberta, model.encoder.positionIds), random);
const values = (t: Tensor): number[] => Array.from(t.dataSync());

for (const config of [tinyBert, tinyRoberta]) {
  for (const pooling of ['cls', 'mean'] as const) {
    const name = `${config.model_type}, ${pooling}`;
    const build = (labels: readonly string[] | null = ['a', 'b', 'c'], changes = {}) =>
      tinyClassifier({ labels, pooling }, { config: { ...config, ...changes } });

    onEveryBackend(test, `${name}: dropout is on with a generator alone, and follows its seed`, () => {
      const model = build();
      const run = (seed?: string) =>
        values(tidy(() => forward(model, seed === undefined ? undefined : new Random(seed))));
      assert.deepEqual(run(), run());
      assert.deepEqual(run('a'), run('a'));
      assert.notDeepEqual(run('a'), run('b'));
      assert.notDeepEqual(run('a'), run());
    });

    onEveryBackend(test, `${name}: with all probabilities 0 a generator changes nothing`, () => {
      const model = build(null, { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 });
      assert.deepEqual(values(forward(model, new Random(1))), values(forward(model)));
    });

    onEveryBackend(test, `${name}: the shapes of logits`, () => {
      assert.deepEqual(forward(build()).shape, [2, 3]);
      assert.deepEqual(forward(build(null)).shape, [2, 1]);
    });
  }
}

onEveryBackend(test, 'each of the two probabilities drops something of its own', () => {
  for (const name of ['hidden_dropout_prob', 'attention_probs_dropout_prob']) {
    const config = { ...tinyBert, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, [name]: 0.5 };
    const { encoder } = tinyClassifier(undefined, { config });
    const run = (random?: Random) => values(encoder.forward(packSequences(texts, encoder.positionIds), random));
    assert.notDeepEqual(run(new Random(1)), run(), name);
  }
});

test('classifier_dropout alone decides about the head', () => {
  const config = { ...tinyBert, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
  const on = tinyClassifier(undefined, { config: { ...config, classifier_dropout: 0.5 } });
  const off = tinyClassifier(undefined, { config: { ...tinyBert, classifier_dropout: 0 } });
  assert.notDeepEqual(values(forward(on, new Random(1))), values(forward(on)));
  assert.deepEqual(
    values(on.encoder.forward(packSequences(texts, on.encoder.positionIds), new Random(1))),
    values(on.encoder.forward(packSequences(texts, on.encoder.positionIds))),
  );
  const head = (random?: Random) => {
    const batch = packSequences(texts, off.encoder.positionIds);
    return values(off.head.forward(off.encoder.forward(batch), batch, random));
  };
  assert.deepEqual(head(new Random(1)), head());
});

/** -mean log softmax(logits)[target]. */
function meanCrossEntropy(logits: readonly (readonly number[])[], targets: readonly number[]): number {
  const losses = logits.map((row, i) => Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[targets[i]]);
  return losses.reduce((sum, x) => sum + x, 0) / losses.length;
}

onEveryBackend(test, 'the loss is the mean cross-entropy, or the mean squared error for regression', () => {
  const classifier = tinyClassifier({ labels: ['a', 'b', 'c'] });
  const logits = forward(classifier);
  const rows = [values(logits).slice(0, 3), values(logits).slice(3)];
  assertClose(classifier.loss(logits, [2, 0]), { shape: [], values: [meanCrossEntropy(rows, [2, 0])] }, 1e-6);

  const regression = tinyClassifier({ labels: null });
  const [a, b] = values(forward(regression));
  const expected = ((a - 4) ** 2 + (b + 0.5) ** 2) / 2;
  assertClose(regression.loss(forward(regression), [4, -0.5]), { shape: [], values: [expected] }, 1e-6);
  assert.throws(() => classifier.loss(logits, [0, 3]), /target 3 is not one of the 3 classes/);
});

onEveryBackend(test, 'mean pooling is one layer on the mean of the tokens', () => {
  const model = tinyClassifier({ labels: ['a', 'b'], pooling: 'mean' });
  const batch = packSequences(texts, model.encoder.positionIds);
  const hidden = values(model.encoder.forward(batch));
  const [weight, bias] = model
    .parameters()
    .slice(-2)
    .map(({ value }) => values(value));
  const mean = (first: number, end: number) =>
    Array.from({ length: 16 }, (_, j) => {
      let total = 0;
      for (let row = first; row < end; row++) total += hidden[16 * row + j];
      return total / (end - first);
    });
  const expected = [mean(0, 5), mean(5, 8)].flatMap((x) =>
    [0, 1].map((label) => x.reduce((sum, xj, j) => sum + xj * weight[16 * label + j], bias[label])),
  );
  assertClose(model.forward(batch), { shape: [2, 2], values: expected }, 1e-5);
});

onEveryBackend(test, 'cls pooling sees the first token of each sequence alone', (backend) => {
  const model = tinyClassifier({ labels: ['a', 'b'], pooling: 'cls' });
  const batch = packSequences(texts, model.encoder.positionIds);
  const hidden = fromTensor(model.encoder.forward(batch));
  const logits = (changedRow: number) => {
    const changed = Array.from(hidden.values, (x, i) => (Math.floor(i / 16) === changedRow ? x + 1 : x));
    return values(model.head.forward(toTensor(backend, { shape: hidden.shape, values: changed }), batch));
  };
  const plain = logits(-1);
  for (const row of [1, 2, 3, 4, 6, 7]) assert.deepEqual(logits(row), plain);
  assert.notDeepEqual(logits(0).slice(0, 2), plain.slice(0, 2));
  assert.notDeepEqual(logits(5).slice(2), plain.slice(2));
});

test('the first token is the one in the first column, also where the mask hides it', async () => {
  await setBackend('reference');
  const { encoder } = tinyClassifier();
  const batch = packPadded(
    {
      input_ids: [
        [2, 14, 3],
        [2, 8, 3],
      ],
      attention_mask: [
        [0, 1, 1],
        [1, 1, 0],
      ],
    },
    encoder.positionIds,
  );
  const hidden = encoder.forward(batch);
  // Of the first sequence the masked row lies behind the two others.
  assert.deepEqual(Array.from(batch.columns), [1, 2, 0, 0, 1, 2]);
  const rows = values(hidden);
  assert.deepEqual(values(clsPooling(hidden, batch)), [...rows.slice(32, 48), ...rows.slice(48, 64)]);
  await setBackend('wasm');
});

onEveryBackend(test, 'a model needs no scope to be differentiated', () => {
  const model = tinyClassifier();
  const parameters = model.parameters();
  const leaves = parameters.map(({ value }) => value);
  const inside = tidy(() => grad(model.loss(forward(model), [0, 1]), leaves)).map(values);
  const outside = grad(model.loss(forward(model), [0, 1]), leaves).map(values);
  assert.deepEqual(outside, inside);
  model.loss(forward(model), [0, 1]).backward();
  parameters.forEach(({ name, value }, i) => {
    assert.ok(value.grad, name);
    assert.deepEqual(values(value.grad), inside[i], name);
  });
});

onEveryBackend(test, 'in a scope nothing is left behind, and evaluation holds one layer at a time', (backend) => {
  const model = tinyClassifier();
  const before = memory();
  tidy(() => noGrad(() => forward(model)).dataSync());
  tidy(() => grad(model.loss(forward(model), [0, 1]), [model.parameters()[0].value])[0].dataSync());
  assert.deepEqual(memory(), before);
  tidy(() => {
    const states = noGrad(() => model.encoder.hiddenStates(packSequences(texts, model.encoder.positionIds)));
    assert.equal(memory().tensors - before.tensors, states.length);
  });
  assert.equal(backend.bytes(), before.bytes);
});

test('head parameters are told from the backbone', () => {
  const heads = (model: SequenceClassifier) =>
    model
      .parameters()
      .filter(isHeadParameter)
      .map(({ name }) => name);
  const bert = ['bert.pooler.dense.weight', 'bert.pooler.dense.bias', 'classifier.weight', 'classifier.bias'];
  assert.deepEqual(heads(tinyClassifier()), bert);
  assert.deepEqual(heads(tinyClassifier({ labels: null, pooling: 'mean' })), ['classifier.weight', 'classifier.bias']);
  assert.deepEqual(heads(tinyClassifier(undefined, { config: tinyRoberta })), [
    'classifier.dense.weight',
    'classifier.dense.bias',
    'classifier.out_proj.weight',
    'classifier.out_proj.bias',
  ]);
});

test.run();
