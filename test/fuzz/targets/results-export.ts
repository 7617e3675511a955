import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readExport } from '../../../src/experiments/index.ts';
import { temporaryFolder } from '../../io/temporary.ts';
import { exportSeed } from '../inputs.ts';
import type { Target } from '../target.ts';

const file = join(temporaryFolder(), 'results.jsonl');

export const target: Target = {
  kind: 'json',
  seeds: [await exportSeed()],
  read: async (input) => {
    writeFileSync(file, input);
    await readExport(file);
  },
};
