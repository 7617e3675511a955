import assert from 'node:assert/strict';
import { suite } from 'uvu';
import * as ops from '../../src/ops/index.ts';
import { onGpu } from '../support/gpu.ts';
import { operations } from '../support/operations.ts';

const test = suite('ops: coverage');

/** A table of operations and the look-up in it; test/ops/activation.test.ts. */
const notOperations = ['activation', 'activations', ...(onGpu ? ['toDense', 'keptValues', 'sampledMatmul'] : [])];

test('every exported operation is in the table that feeds the properties', () => {
  const exported = Object.keys(ops).filter((name) => !notOperations.includes(name));
  assert.deepEqual(Object.keys(operations).sort(), exported.sort());
});

test.run();
