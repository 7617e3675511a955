import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { grad, ones, Random, sum, tensor, tidy } from '../../src/index.ts';
import { Embedding, LayerNorm, Linear, ParameterPath, trainingDropout } from '../../src/nn/index.ts';
import { assertClose } from '../support/compare.ts';
import { useBackend } from '../support/on-backend.ts';

const test = suite('nn: layers');
useBackend(test, 'reference');

const root = () => ParameterPath.root(new Random(1));

test('layers name their parameters as PyTorch does', () => {
  const path = root();
  const linear = new Linear(path.at('dense'), 3, 2);
  new LayerNorm(path.at('LayerNorm'), 4, 1e-5);
  new Embedding(path.at('word_embeddings'), 5, 4);
  assert.deepEqual(
    path.parameters().map(({ name, shape }) => [name, shape]),
    [
      ['dense.weight', [2, 3]],
      ['dense.bias', [2]],
      ['LayerNorm.weight', [4]],
      ['LayerNorm.bias', [4]],
      ['word_embeddings.weight', [5, 4]],
    ],
  );
  assert.deepEqual(Array.from(linear.bias.value.dataSync()), [0, 0]);
});

test('Linear is x Wᵀ + b, with the mask of its weight', () => {
  const linear = new Linear(root(), 3, 2);
  linear.weight.load([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 1, 0]);
  linear.bias.assign(tensor([10, 20]));
  const y = tidy(() => linear.forward(tensor([[[1, 1, 1]], [[1, 0, -1]]])));
  assertClose(y, { shape: [2, 1, 2], values: [16, 25, 8, 20] }, 1e-6);
});

test('LayerNorm normalises rows', () => {
  const norm = new LayerNorm(root(), 2, 0);
  norm.weight.assign(tensor([2, 3]));
  norm.bias.assign(tensor([1, 0]));
  assertClose(norm.forward(tensor([[5, 7]])), { shape: [1, 2], values: [-1, 3] }, 1e-6);
});

test('the padding row of a new Embedding is 0', () => {
  const values = new Embedding(root(), 3, 2, 1).weight.value.dataSync();
  assert.deepEqual(
    Array.from(values, (x) => x === 0),
    [false, false, true, true, false, false],
  );
});

test('Embedding gathers rows; the padding row gets no gradient', () => {
  const ids = Int32Array.of(2, 0, 2, 1);
  for (const [paddingIdx, expected] of [
    [undefined, [1, 1, 2, 0]],
    [2, [1, 1, 0, 0]],
  ] as const) {
    const embedding = new Embedding(root(), 4, 1, paddingIdx);
    embedding.weight.assign(tensor([[10], [11], [12], [13]]));
    const rows = embedding.forward(ids);
    assert.deepEqual(Array.from(rows.dataSync()), [12, 10, 12, 11]);
    assert.deepEqual(Array.from(grad(sum(rows), [embedding.weight.value])[0].dataSync()), expected);
  }
  for (const id of [4, -1, -100]) {
    assert.throws(() => new Embedding(root(), 4, 1).forward(Int32Array.of(0, id)), new RegExp(`Row ${id} is outside`));
  }
});

test('dropout needs a generator: without one it is the identity', () => {
  const x = ones([100]);
  assert.equal(trainingDropout(x, 0.5, undefined), x);
  const [a, again, b] = ['a', 'a', 'b'].map((seed) => Array.from(trainingDropout(x, 0.5, new Random(seed)).dataSync()));
  assert.deepEqual(a, again);
  assert.notDeepEqual(a, b);
  assert.deepEqual([...new Set(a)].sort(), [0, 2]);
});

test.run();
