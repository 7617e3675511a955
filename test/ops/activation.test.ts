import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { activation, activations, gelu, geluTanh, silu } from '../../src/index.ts';

const test = suite('ops: activation');

test('finds a function by the name that configurations use', () => {
  assert.equal(activation('gelu'), gelu);
  assert.equal(activation('gelu_new'), geluTanh);
  assert.equal(activation('gelu_fast'), geluTanh);
  assert.equal(activation('swish'), silu);
  for (const [name, f] of Object.entries(activations)) assert.equal(activation(name), f);
});

test('an unknown name is an error that lists the known ones, also when it is a property of every object', () => {
  assert.throws(() => activation('mish'), /Unknown activation 'mish'; there are: gelu, gelu_fast, gelu_new/);
  assert.throws(() => activation('toString'), /Unknown activation 'toString'/);
});

test.run();
