import { readAdapterFolder } from '../../../src/interchange/index.ts';
import { convertedFile } from '../inputs.ts';
import type { Target } from '../target.ts';

const { seeds, write, folder } = await convertedFile('adapterhub', 'adapter_config.json');

export const target: Target = {
  kind: 'json',
  seeds,
  read: (input) => {
    write(input);
    readAdapterFolder(folder);
  },
};
