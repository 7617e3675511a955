import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { evaluateRun, type GivenSettings, readRun } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { useBackend } from '../support/on-backend.ts';
import { stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: runs of embeddings');
useBackend(test, 'wasm');

const { label: _, ...unlabelled } = tinySettings;
const columns = { task: 'feature-extraction', text: ['text', 'thing'] } as const;
const ways: Readonly<Record<string, GivenSettings>> = {
  pairs: { ...unlabelled, ...columns },
  'pairs in batches by tokens': { ...unlabelled, ...columns, batchSize: undefined, batchTokens: 60 },
  'scored pairs': { ...unlabelled, ...columns, label: 'score' },
};

for (const [name, settings] of Object.entries(ways)) {
  test(`${name}: a run that was stopped ends with the same bits, and is judged as it was`, async () => {
    const [whole, stopped] = [join(temporaryFolder(), 'run'), join(temporaryFolder(), 'run')];
    await tinyRun(whole, { settings });
    await stoppedRun(stopped, 3, { settings });
    await tinyRun(stopped, { settings, resume: true });
    const bytes = (folder: string) => readFileSync(join(folder, 'adapter.safetensors'), 'hex');
    assert.equal(bytes(stopped), bytes(whole));
    const { metrics } = readRun(whole).metrics;
    assert.deepEqual((await evaluateRun(whole)).metrics, metrics);
    assert.ok(Object.values(metrics ?? {}).every(Number.isFinite));
  });
}

test.run();
