import { openAdapter } from '../../../src/training/index.ts';
import { convertedFile } from '../inputs.ts';
import type { Target } from '../target.ts';

const { seeds, write, folder } = await convertedFile('adapterhub', 'sparse-adapter-run.json');

/** Files beside those of another library. */
export const target: Target = {
  kind: 'json',
  seeds,
  read: (input) => {
    write(input);
    openAdapter(folder).model.dispose();
  },
};
