import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import type { LoopName, LoopReport } from '../support/loops.ts';

const test = suite('tensor: loops without tidy');

const script = fileURLToPath(new URL('../support/loops.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(loop: LoopName, backend: string, steps: number, flags: readonly string[] = []): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...flags, script, loop, backend, String(steps)], { timeout: 300_000 });
    const texts = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (chunk) => {
        texts[stream] += chunk;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}

/** The report of a loop that ends well and says nothing. */
async function reportOf(loop: LoopName, backend: string, steps: number): Promise<LoopReport> {
  const { code, stdout, stderr } = await run(loop, backend, steps);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  return JSON.parse(stdout);
}

/** MiB of tensors that may wait for the collector, and of the whole process. */
const WAITING = 384;
const PROCESS = 640;

test('10,000 steps that make 8 GiB of tensors run in bounded memory', async () => {
  const { bytes, resident } = await reportOf('await data', 'wasm', 10_000);
  assert.ok(bytes < WAITING, `${bytes} MiB of tensors`);
  assert.ok(resident < PROCESS, `${resident} MiB`);
});

for (const loop of ['await a turn', 'update with AdamW', 'retain the graph'] as const) {
  test(`2,000 steps that make 1.6 GiB of tensors run in bounded memory: ${loop}`, async () => {
    const { bytes, resident } = await reportOf(loop, 'wasm', 2000);
    assert.ok(bytes < WAITING, `${bytes} MiB of tensors`);
    assert.ok(resident < PROCESS, `${resident} MiB`);
  });
}

test('so they do on the reference backend', async () => {
  const { bytes, resident } = await reportOf('await data', 'reference', 300);
  assert.ok(bytes < WAITING, `${bytes} MiB of tensors`);
  assert.ok(resident < PROCESS, `${resident} MiB`);
});

test('a loop that never awaits is told of tidy once, and ends with an error that names it', async () => {
  const { code, stderr } = await run('never await, with most memory taken', 'wasm', 10_000);
  assert.equal(code, 1);
  assert.equal(stderr.split('1 GiB of tensors was made outside of tidy()').length, 2, stderr);
  assert.match(stderr, /MemoryError: The wasm backend is out of memory: .*tidy\(/);
});

test('tiny tensors end with that error before their handles fill the heap', async () => {
  const { code, stderr } = await run('never await, with tiny tensors', 'wasm', 200_000, ['--max-old-space-size=250']);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /MemoryError: Out of memory: \d+ tensors were made outside of tidy\(\)/);
});

test('where the collector frees the numbers themselves it needs no turn', async () => {
  const { code, stdout, stderr } = await run('never await, and hold nothing', 'reference', 300);
  assert.equal(code, 0);
  assert.equal(stderr.split('1 GiB of tensors was made outside of tidy()').length, 2, stderr);
  assert.ok((JSON.parse(stdout) as LoopReport).resident < PROCESS, stdout);
});

test('a loop in tidy needs nobody, and weights that are kept are no reason to worry', async () => {
  assert.ok((await reportOf('never await, in tidy', 'wasm', 500)).bytes < 1);
  assert.ok((await reportOf('keep much', 'wasm', 1)).bytes > 1024);
});

test.run();
