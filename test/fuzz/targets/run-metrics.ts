import assert from 'node:assert/strict';
import { readRunMetrics } from '../../../src/training/index.ts';
import { jsonObject, runFile } from '../inputs.ts';
import type { Target } from '../target.ts';

const { seeds, write, folder } = await runFile('metrics.json');

export const target: Target = {
  kind: 'json',
  seeds,
  read: (input) => {
    write(input);
    assert.deepEqual(JSON.parse(JSON.stringify(readRunMetrics(folder))), jsonObject(input));
  },
};
