import assert from 'node:assert/strict';
import { readRunConfig } from '../../../src/training/index.ts';
import { heldObject, runFile } from '../inputs.ts';
import type { Target } from '../target.ts';

const { seeds, write, folder } = await runFile('sparse-adapter.json');

export const target: Target = {
  kind: 'json',
  seeds,
  read: (input) => {
    write(input);
    const config = readRunConfig(folder);
    // What is read is what is written: nothing is dropped, filled in or taken for something else.
    assert.deepEqual(JSON.parse(JSON.stringify(config)), heldObject(input));
  },
};
