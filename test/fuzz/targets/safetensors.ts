import { parseSafetensors, readFiniteFloats } from '../../../src/io/index.ts';
import { runFile } from '../inputs.ts';
import type { Target } from '../target.ts';

const { seeds } = await runFile('adapter.safetensors');

export const target: Target = {
  kind: 'bytes',
  seeds,
  read: (input) => {
    const file = parseSafetensors(input, 'x.safetensors');
    for (const name of file.names()) if (file.info(name).dtype === 'F32') readFiniteFloats(file, name);
  },
};
