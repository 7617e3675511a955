import { loadRun, readRun } from '../../../src/training/index.ts';
import { runFile } from '../inputs.ts';
import type { Target } from '../target.ts';

const { seeds, write, folder } = await runFile('sparse-adapter.json');

/** The whole of a run with another configuration. */
export const target: Target = {
  kind: 'json',
  seeds,
  read: (input) => {
    write(input);
    readRun(folder);
    loadRun(folder).model.dispose();
  },
};
