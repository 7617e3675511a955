import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readExamples } from '../../../src/data/index.ts';
import { temporaryFolder } from '../../io/temporary.ts';
import { parquetBytes } from '../../support/parquet.ts';
import type { Target } from '../target.ts';

const file = join(temporaryFolder(), 'table.parquet');
const text = ['a good film', 'a bad film', 'naïve 北京', 'x', 'fine', 'dull'];

export const target: Target = {
  kind: 'bytes',
  // A reader that does not end is ended after ten seconds.
  limitMs: 15_000,
  seeds: [
    parquetBytes({ text, label: ['p', 'n', 'p', 'n', 'p', 'n'], score: [0.5, 1, 2, 3, 4, 5] }),
    parquetBytes({ text, label: [0, 1, 0, 1, 0, 1] }, { label: ['n', 'p'] }),
  ],
  read: async (input) => {
    writeFileSync(file, input);
    await readExamples(file, { text: ['text'], label: 'label' });
  },
};
