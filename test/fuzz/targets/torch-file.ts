import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTorchFile, readFiniteFloats } from '../../../src/io/index.ts';
import { temporaryFolder } from '../../io/temporary.ts';
import type { Target } from '../target.ts';

const saved = (name: string): Uint8Array => readFileSync(new URL(`../../io/torch-files/${name}`, import.meta.url));
const path = join(temporaryFolder(), 'x.bin');

export const target: Target = {
  kind: 'bytes',
  seeds: ['archive.bin', 'legacy.bin', 'zip64.bin'].map(saved),
  read: (input) => {
    writeFileSync(path, input);
    const file = openTorchFile(path);
    try {
      for (const name of file.names()) if (file.info(name).dtype === 'F32') readFiniteFloats(file, name);
    } finally {
      file.close();
    }
  },
};
