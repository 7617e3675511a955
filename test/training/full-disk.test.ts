import assert from 'node:assert/strict';
import fs, { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type Disk, openOutput, realDisk } from '../../src/io/output-folder.ts';
import { hasCheckpoint, inspectRun, readRunConfig } from '../../src/training/index.ts';
import { runFileNames } from '../../src/training/run-folder.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { useBackend } from '../support/on-backend.ts';
import { evaluatedRunFiles } from '../support/run-files.ts';
import { stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: disks that are full');
useBackend(test, 'wasm');

const place = (): string => join(temporaryFolder(), 'run');
const weights = (folder: string): Buffer => readFileSync(join(folder, 'adapter.safetensors'));

/** A disk without space for the files that are named so. */
const fullFor = (isFull: (path: string) => boolean): Disk => ({
  ...realDisk,
  write: (path, data) => {
    if (isFull(path)) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    realDisk.write(path, data);
  },
});

async function undisturbed(): Promise<Buffer> {
  const output = place();
  await tinyRun(output);
  return weights(output);
}

test('a dry run tells that there is too little space, and makes nothing', async () => {
  const output = place();
  await inspectRun({ settings: tinySettings, output });
  const { statfsSync } = fs;
  fs.statfsSync = ((path: string) => ({
    ...statfsSync(path),
    bavail: 100,
    bsize: 1,
    blocks: 1000,
  })) as typeof statfsSync;
  syncBuiltinESMExports();
  try {
    await assertRejectsInput(
      () => inspectRun({ settings: tinySettings, output }),
      /run has 0\.1 kB of free space and [\d.]+ [kM]B are needed: free some, or choose another output folder\.$/,
    );
  } finally {
    fs.statfsSync = statfsSync;
    syncBuiltinESMExports();
  }
  assert.ok(!existsSync(output));
});

test('one that is full on the way costs checkpoints, and not the result', async () => {
  const folder = place();
  const reserve = join(folder, '.sparse-adapter.reserve');
  const output = openOutput(folder, runFileNames, { disk: fullFor(() => existsSync(reserve)) });
  const warnings: string[] = [];
  const events = { onWarning: (warning: string) => warnings.push(warning) };
  await tinyRun(output, { checkpointSeconds: 0, events });
  output.close();
  assert.equal(warnings.filter((text) => /^no checkpoint after step 1: Cannot write .*ENOSPC/.test(text)).length, 1);
  assert.deepEqual(readdirSync(folder).sort(), evaluatedRunFiles);
  assert.deepEqual(weights(folder), await undisturbed());
});

test('a stop where its checkpoint does not fit leaves the one before, and tells which', async () => {
  const folder = place();
  const isFull = { now: false };
  const output = openOutput(folder, runFileNames, { disk: fullFor(() => isFull.now) });
  const controller = new AbortController();
  const warnings: string[] = [];
  const result = await tinyRun(output, {
    checkpointSeconds: 0,
    signal: controller.signal,
    events: {
      onWarning: (warning) => warnings.push(warning),
      onStep: ({ step }) => {
        isFull.now = step > 3;
        if (step === 5) controller.abort();
      },
    },
  });
  output.close();
  assert.deepEqual(result, { status: 'stopped', step: 5, totalSteps: 6, savedStep: 3 });
  assert.deepEqual(
    warnings.map((text) => text.slice(0, 39)),
    ['no checkpoint after step 4: Cannot write', 'no checkpoint after step 5: Cannot write'].map((text) =>
      text.slice(0, 39),
    ),
  );
  assert.deepEqual(readdirSync(folder), ['checkpoint.safetensors']);
  let steps = 0;
  await tinyRun(folder, { resume: true, events: { onStep: () => steps++ } });
  assert.equal(steps, 3);
  assert.deepEqual(weights(folder), await undisturbed());
});

test('a stop that can save nothing does not take the checkpoint of another run for its own', async () => {
  const folder = place();
  await stoppedRun(folder, 2, { settings: { ...tinySettings, seed: 7 } });
  const old = readFileSync(join(folder, 'checkpoint.safetensors'));
  const output = openOutput(folder, runFileNames, { disk: fullFor(() => true) });
  const result = await stoppedRun(output, 4);
  output.close();
  assert.deepEqual(result, { status: 'stopped', step: 4, totalSteps: 6, savedStep: null });
  assert.deepEqual(readFileSync(join(folder, 'checkpoint.safetensors')), old);
});

test('the space that is kept is enough for the losses and scores of a long run', async () => {
  const folder = place();
  const kept: number[] = [];
  const events = { onStep: () => kept.push(statSync(join(folder, '.sparse-adapter.reserve')).size) };
  const settings = { ...tinySettings, pruning: 'none', pruningExamples: undefined, batchSize: 64 };
  await tinyRun(folder, { settings: { ...settings, epochs: 800, evaluations: 800 }, events });
  const written = evaluatedRunFiles.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  assert.ok(written > 2 ** 16, `${written}`);
  assert.ok(kept[0] >= written, `${kept[0]} kept, ${written} written`);
});

test('where the result cannot be written, the old one and the last step are kept', async () => {
  const folder = place();
  await tinyRun(folder, { settings: { ...tinySettings, seed: 7 } });
  const old = weights(folder);
  const disk = fullFor((path) => path.includes('.sparse-adapter.new'));
  const output = openOutput(folder, runFileNames, { disk });
  await assertRejectsInput(
    () => tinyRun(output),
    /Cannot write .*run: ENOSPC: .*The checkpoint after step 6 is kept; end the run with train --resume \(resume: true\)/,
  );
  output.close();
  assert.deepEqual([weights(folder), hasCheckpoint(folder), readRunConfig(folder).settings.seed], [old, true, 7]);
  assert.deepEqual(readdirSync(folder).sort(), [...evaluatedRunFiles, 'checkpoint.safetensors'].sort());
  let steps = 0;
  await tinyRun(folder, { resume: true, events: { onStep: () => steps++ } });
  assert.equal(steps, 0);
  assert.deepEqual(weights(folder), await undisturbed());
  assert.deepEqual(readdirSync(folder).sort(), evaluatedRunFiles);
});

test.run();
