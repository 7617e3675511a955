import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import {
  openSafetensors,
  readFiniteFloats,
  type SafetensorsFile,
  serializeSafetensors,
  type TensorData,
} from '../../src/io/index.ts';
import type { GivenSettings } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertClose } from '../support/compare.ts';
import { useBackend } from '../support/on-backend.ts';
import { complete, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: checkpoints of earlier versions');
useBackend(test, 'wasm');

/** The settings of the run in test/training/files, which was stopped after three of six steps. */
const settings = { ...tinySettings, pruning: 'snip', sparsity: 0.75 } satisfies GivenSettings;

const opened = <T>(path: string, use: (file: SafetensorsFile) => T): T => {
  const file = openSafetensors(path);
  try {
    return use(file);
  } finally {
    file.close();
  }
};
const stored = (name: string): string => join(import.meta.dirname, 'files', name);
const tensorsIn = (file: SafetensorsFile): TensorData[] =>
  file.names().map((name) => ({ name, ...file.info(name), data: file.readRaw(name) }) as unknown as TensorData);

const valuesOf = (file: SafetensorsFile, name: string) => ({
  shape: file.info(name).shape,
  values: readFiniteFloats(file, name),
});

/** Writes the earlier checkpoint where a run looks for it, with the places of this test's data. */
function placeCheckpoint(folder: string): void {
  opened(stored('checkpoint-whole-moments.safetensors'), (file) => {
    const run = { ...JSON.parse(file.metadata.run), settings: complete(settings) };
    const bytes = serializeSafetensors(tensorsIn(file), { ...file.metadata, run: JSON.stringify(run) });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'checkpoint.safetensors'), bytes);
  });
}

test('one whose moments are those of all weights continues to the weights that its version made', async () => {
  const whole = opened(stored('checkpoint-whole-moments.safetensors'), (file) =>
    Object.keys(file.metadata)
      .filter((name) => file.has(`${name}.mask`))
      .map((name) => [file.info(`adam.m.${name}`).shape[0], file.info(`${name}.values`).shape[0]]),
  );
  assert.equal(whole.length, 8);
  for (const [moments, kept] of whole) assert.ok(moments === 64 && kept < 64, `${moments} moments, ${kept} weights`);

  const output = join(temporaryFolder(), 'run');
  placeCheckpoint(output);
  const result = await tinyRun(output, { settings, resume: true });
  assert.equal(result.status, 'finished');
  opened(stored('adapter-after-whole-moments.safetensors'), (expected) =>
    opened(join(output, 'adapter.safetensors'), (file) => {
      assert.deepEqual(file.names().toSorted(), expected.names().toSorted());
      assert.deepEqual(file.metadata, expected.metadata);
      for (const name of expected.names()) {
        if (name.endsWith('.mask')) assert.deepEqual(file.readRaw(name), expected.readRaw(name));
        else assertClose(valuesOf(file, name), valuesOf(expected, name), 1e-4, name);
      }
    }),
  );
});

test('one of this version holds moments of kept weights alone', async () => {
  const output = join(temporaryFolder(), 'run');
  await stoppedRun(output, 3, { settings });
  opened(join(output, 'checkpoint.safetensors'), (file) => {
    const masked = Object.keys(file.metadata).filter((name) => file.has(`${name}.mask`));
    assert.equal(masked.length, 8);
    for (const name of masked) {
      const { shape } = file.info(`${name}.values`);
      assert.deepEqual([file.info(`adam.m.${name}`).shape, file.info(`adam.v.${name}`).shape], [shape, shape]);
    }
  });
});

test.run();
