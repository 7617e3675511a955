import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { serializeSafetensors } from '../../../src/io/index.ts';
import { readStoppedRun } from '../../../src/training/index.ts';
import { stoppedHeader } from '../inputs.ts';
import type { Target } from '../target.ts';

const { seed, folder, file } = await stoppedHeader();

export const target: Target = {
  kind: 'json',
  seeds: [seed],
  read: (input) => {
    const run = new TextDecoder().decode(input);
    writeFileSync(file, serializeSafetensors([], { run }));
    const { settings } = readStoppedRun(folder);
    assert.deepEqual(JSON.parse(JSON.stringify(settings)), JSON.parse(run).settings);
  },
};
