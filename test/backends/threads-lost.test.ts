import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import { WasmBackend, type WasmBuffer } from '../../src/backends/wasm/index.ts';
import { ThreadPool } from '../../src/backends/wasm/threads.ts';
import { AlwaysShared, whenReady } from '../support/threads.ts';

const test = suite('wasm: threads that end or do not start');

/** Those of this process, as Node.js announces them. */
const workers: Worker[] = [];
process.on('worker', (worker) => workers.push(worker));

const warnings: string[] = [];
console.warn = (text: string) => warnings.push(text);

const whole = (backend: WasmBackend, length: number): WasmBuffer =>
  backend.upload(Float32Array.from({ length }, (_, i) => ((i * 7919) % 17) - 8));

const nextTurn = () => new Promise((resolve) => setTimeout(resolve, 20));

test('workers that are terminated between products without a pause leave right results, and one warning', async () => {
  const alone = new WasmBackend({ threads: 1 });
  const [m, n, k] = [130, 170, 90];
  const spec = { batch: 1, m, n, k, transposeA: false, transposeB: false };
  const expected = alone.readSync(alone.matmul(whole(alone, m * k), whole(alone, k * n), spec));
  for (let round = 0; round < 25; round++) {
    const backend = new WasmBackend({ threads: 3, sharing: new AlwaysShared() });
    const [a, b] = [whole(backend, m * k), whole(backend, k * n)];
    // They are announced in this turn; in a later one another backend may start its own.
    workers.length = 0;
    backend.free(backend.matmul(a, b, spec));
    await new Promise((resolve) => setImmediate(resolve));
    const [first, second, ...others] = workers;
    assert.equal(others.length, 0);
    await whenReady(backend);
    for (let i = 0; i < 40; i++) {
      const product = backend.matmul(a, b, spec);
      // What follows is computed while the threads are on their way out.
      if (i === round) void first.terminate();
      if (i === round + 3) void second.terminate();
      assert.deepEqual(backend.readSync(product), expected, `round ${round}, product ${i}`);
      backend.free(product);
    }
    await nextTurn();
    const until = performance.now() + 20_000;
    while (backend.readyThreads() > 1 && performance.now() < until) await nextTurn();
    assert.equal(backend.readyThreads(), 1);
    assert.match(backend.describe(), /^1 thread \(a worker thread has ended\), /);
    assert.deepEqual(backend.readSync(backend.matmul(a, b, spec)), expected);
  }
  // How many were left when it was written depends on when the two came to their end.
  const [warning, ...more] = warnings.splice(0);
  assert.match(
    warning,
    /^sparse-adapter: a worker thread has ended; computing continues with (1 thread|2 threads) and the same results\.$/,
  );
  assert.deepEqual(more, []);
});

test('a kernel that fails fails where it was called, and the workers go on', async () => {
  const backend = new WasmBackend({ threads: 2, sharing: new AlwaysShared() });
  await whenReady(backend);
  const x = backend.fill(1 << 16, 1);
  const outside = backend.memory.size;
  assert.throws(() => backend.kernels.neg(outside, outside, 1 << 16), WebAssembly.RuntimeError);
  assert.throws(() => backend.kernels.dropout(outside, outside, 0.1, 1, 1, 1 << 16), WebAssembly.RuntimeError);
  assert.ok(backend.readSync(backend.unary('neg', x)).every((value) => value === -1));
  assert.equal(backend.readyThreads(), 2);
});

test('a pool whose workers do not start computes alone', async () => {
  let starts = 0;
  const pool = new ThreadPool(3, (_block, _names, { onGone }) => {
    starts++;
    for (const thread of [1, 2]) onGone(thread, 'does not start (no more threads)\nat somewhere');
    return { started: Promise.resolve(), add: () => {}, stop: () => {} };
  });
  await pool.start();
  await pool.start();
  assert.equal(starts, 1);
  assert.equal(pool.ready(), 1);
  assert.equal(pool.possible(), 1);
  assert.equal(pool.whyFewer(), 'does not start (no more threads)');
});

const index = JSON.stringify(join(import.meta.dirname, '../../src/index.ts'));

const program = `
import { getBackend, matmul, Random, randomNormal, setBackend } from ${index};
await setBackend('wasm', { threads: 3 });
const a = randomNormal([300, 300], new Random(1));
for (let i = 0; i < 100; i++) matmul(a, a).dispose();
await new Promise((resolve) => setTimeout(resolve, 300));
for (let i = 0; i < 300; i++) matmul(a, a).dispose();
console.log(getBackend().readyThreads(), getBackend().describe());
`;

const run = (...flags: string[]) =>
  promisify(execFile)(process.execPath, [...flags, '--input-type=module', '-e', program], { timeout: 60_000 });

test('a process ends although its workers wait for jobs', () => {
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.match(output, /^3 3 threads, .*\n$/);
});

// Before version 22 it had another name, and did not run TypeScript.
test('where the permission model forbids workers, a program has one thread and one line of warning', async () => {
  const { stdout, stderr } = await run('--permission', '--allow-fs-read=*');
  assert.match(stdout, /^1 1 thread \(a worker thread does not start \(Access to this API has been restricted.*\)\), /);
  const [warning, ...more] = stderr.trim().split('\n');
  assert.match(
    warning,
    /^sparse-adapter: a worker thread does not start \(Access .*\); computing continues with 1 thread and the same results\.$/,
  );
  assert.deepEqual(more, []);
});

test('with the permission they start', async () => {
  const { stdout, stderr } = await run('--permission', '--allow-fs-read=*', '--allow-worker');
  assert.match(stdout, /^3 3 threads, /);
  assert.doesNotMatch(stderr, /sparse-adapter:/);
});

test.run();
