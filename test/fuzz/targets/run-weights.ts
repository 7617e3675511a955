import { loadRun, readRun } from '../../../src/training/index.ts';
import { runFile } from '../inputs.ts';
import type { Target } from '../target.ts';

const { seeds, write, folder } = await runFile('adapter.safetensors');

export const target: Target = {
  kind: 'bytes',
  seeds,
  read: (input) => {
    write(input);
    readRun(folder);
    loadRun(folder).model.dispose();
  },
};
