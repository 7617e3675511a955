import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { readFloats } from '../../src/backends/stored.ts';
import { parseSafetensors, serializeSafetensors, TensorSource } from '../../src/io/index.ts';
import { assertInputError } from './input-error.ts';

const test = suite('TensorSource');

/** A source of vectors, each filled with its position in the list. */
function sourceOf(names: string[], length = 2) {
  const tensors = names.map((name, i) => ({
    name,
    dtype: 'F32' as const,
    shape: [length],
    data: new Float32Array(length).fill(i),
  }));
  return new TensorSource(parseSafetensors(serializeSafetensors(tensors), 'model'), {
    prefixes: ['bert.', 'roberta.'],
  });
}

const take = (source: TensorSource, name: string, shape: number[]) => readFloats(source.take(name, shape));

test('hands out tensors by name and lists the ones never taken', () => {
  const source = sourceOf(['bert.a', 'bert.b', 'bert.c']);
  assert.deepEqual(take(source, 'bert.b', [2]), Float32Array.of(1, 1));
  assert.deepEqual(source.ignored(), ['bert.a', 'bert.c']);
  assert.ok(source.has('bert.a') && !source.has('bert.d'));
});

test('accepts a checkpoint without the prefix', () => {
  const source = sourceOf(['pooler.dense.weight', 'x']);
  assert.deepEqual(take(source, 'roberta.pooler.dense.weight', [2]), Float32Array.of(0, 0));
  assert.deepEqual(source.ignored(), ['x']);
});

test('prefers the full name', () => {
  const source = sourceOf(['dense.weight', 'bert.dense.weight']);
  assert.deepEqual(take(source, 'bert.dense.weight', [2]), Float32Array.of(1, 1));
});

test('accepts the older names of layer norms, with and without prefix', () => {
  const source = sourceOf(['embeddings.LayerNorm.gamma', 'embeddings.LayerNorm.beta', 'bert.layer.LayerNorm.gamma']);
  assert.deepEqual(take(source, 'bert.embeddings.LayerNorm.weight', [2]), Float32Array.of(0, 0));
  assert.deepEqual(take(source, 'bert.embeddings.LayerNorm.bias', [2]), Float32Array.of(1, 1));
  assert.deepEqual(take(source, 'bert.layer.LayerNorm.weight', [2]), Float32Array.of(2, 2));
  assert.deepEqual(source.ignored(), []);
});

test('a missing tensor is named, with similar ones', () => {
  const source = sourceOf(['encoder.layer.0.output.dense.weight', 'encoder.layer.0.output.dense.bias', 'unrelated']);
  assertInputError(
    () => source.take('bert.encoder.layers.0.output.dense.weight', [2]),
    /^model: there is no tensor "bert\.encoder\.layers\.0\.output\.dense\.weight"/,
    /similar names there: encoder\.layer\.0\.output\.dense\.weight, encoder\.layer\.0\.output\.dense\.bias\)/,
  );
  assertInputError(() => source.take('classifier.weight', [2]), /"classifier\.weight"/);
  assertInputError(() => source.take('qa_outputs', [2]), /no name there is similar/);
});

test('a misshapen tensor is named with both shapes, and stays untaken', () => {
  const source = sourceOf(['bert.a']);
  assertInputError(() => source.take('bert.a', [2, 1]), /tensor "bert\.a" has shape \[2\], the model needs \[2, 1\]/);
  assert.deepEqual(source.ignored(), ['bert.a']);
});

test('a tensor is taken once', () => {
  const source = sourceOf(['a']);
  source.take('a', [2]);
  assert.throws(() => source.take('a', [2]), /"a" was taken from the checkpoint twice/);
  assert.throws(() => source.take('bert.a', [2]), /twice/);
});

test.run();
