import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import {
  AWAKE,
  CLAIMS,
  computePieces,
  jobIn,
  jobNumber,
  newJobBlock,
  open,
  outcome,
  piecesLeft,
  THREADS,
} from '../../src/backends/wasm/job.ts';

const test = suite('wasm: one job for several threads');

/** A kernel of one argument before its range, which notes the ranges that it was called for. */
function noting(): { kernels: ((...args: number[]) => void)[]; calls: number[][] } {
  const calls: number[][] = [];
  return { kernels: [(...args) => calls.push(args)], calls };
}

const described = (tag: number, units: number, threads = 2) => ({
  ...{ kernel: 0, args: [tag, 0, units], range: 1, unit: 1, scratch: 0 },
  ...{ threads, onlyEqualParts: false },
});

test('the pieces are the whole range, each number once, for any size and number of threads', () => {
  for (const threads of [2, 3, 7, 63]) {
    const job = jobIn(newJobBlock(), threads);
    for (const units of [1, 2, 3, 5, 8, 50, 51, 52, 1000, 4099]) {
      for (const onlyEqualParts of [true, false]) {
        const { kernels, calls } = noting();
        const number = open(job, { ...described(9, units, threads), onlyEqualParts });
        computePieces(job, kernels, 0, number, 0);
        assert.deepEqual(outcome(job, 0), { failed: [], lost: [] });
        const ranges = calls.map(([, start, end]) => [start, end]);
        assert.deepEqual(
          ranges.map(([start]) => start),
          [0, ...ranges.slice(0, -1).map(([, end]) => end)],
        );
        assert.equal(ranges.at(-1)?.[1], units, `${units} units, ${threads} threads`);
        assert.ok(ranges.every(([start, end]) => start < end));
      }
    }
  }
});

test('who comes late to a job takes nothing of the next one', () => {
  const job = jobIn(newJobBlock(), 2);
  const [main, late] = [noting(), noting()];
  const first = open(job, described(1, 100));
  computePieces(job, main.kernels, 0, first, 0);
  const second = open(job, described(2, 100));
  computePieces(job, late.kernels, 1, first);
  assert.equal(late.calls.length, 0);
  assert.ok(piecesLeft(Atomics.load(job.state, CLAIMS)) > 0);
  computePieces(job, late.kernels, 1, second);
  assert.ok(late.calls.length > 1 && late.calls.every(([tag]) => tag === 2));
});

test('a number that a thread still reads is not given to another job', () => {
  const job = jobIn(newJobBlock(), 3);
  const claims = (number: number) => number << 9;
  // The last number of all: the next would be 1, then 2, which the two workers read since 4 million jobs.
  Atomics.store(job.state, CLAIMS, claims((1 << 22) - 1));
  Atomics.store(job.state, THREADS + 1, claims(1) | 3);
  Atomics.store(job.state, THREADS + 2, claims(2) | 3);
  assert.equal(open(job, described(1, 100)), 3);
  assert.equal(jobNumber(Atomics.load(job.state, CLAIMS)), 3);
  Atomics.store(job.state, CLAIMS, claims((1 << 22) - 1));
  Atomics.store(job.state, THREADS + 1, AWAKE);
  assert.equal(open(job, described(1, 100)), 1);
});

test('a piece whose thread does not come back is lost after a time, one whose kernel throws has failed', () => {
  const job = jobIn(newJobBlock(), 2);
  const number = open(job, described(1, 100));
  // Takes piece 1 and is never heard of again.
  Atomics.sub(job.state, CLAIMS, 1);
  const kernel = (_tag: number, start: number) => {
    if (start === 0) throw new Error('no');
  };
  computePieces(job, [kernel], 0, number, 0);
  assert.deepEqual(outcome(job, 1), { failed: [0], lost: [1] });
});

/** Adds the tag of its job to each number of its range, and takes its time now and then. */
const additions = (sums: Int32Array) => (tag: number, start: number, end: number) => {
  for (let i = start; i < end; i++) Atomics.add(sums, i, tag);
  if (tag % 7 === 0) for (let i = 0; i < 2000; i++) Atomics.load(sums, 0);
};

const JOBS = 20_000;

test('short jobs of four threads: every number of each job is computed once, with its own arguments', async () => {
  const [block, threads, length] = [newJobBlock(), 4, 64];
  const job = jobIn(block, threads);
  const sums = new Int32Array(new SharedArrayBuffer(4 * length));
  const program = `
    const { workerData } = require('node:worker_threads');
    import(workerData.address).then(({ computePieces, jobIn, waitForJob }) => {
      const job = jobIn(workerData.block, workerData.threads);
      const kernels = [(${additions})(workerData.sums)];
      for (;;) computePieces(job, kernels, workerData.thread, waitForJob(job, workerData.thread));
    });`;
  const address = new URL('../../src/backends/wasm/job.ts', import.meta.url).href;
  const workers = [1, 2, 3].map(
    (thread) => new Worker(program, { eval: true, workerData: { address, block, threads, sums, thread } }),
  );
  try {
    const until = performance.now() + 30_000;
    for (const thread of [1, 2, 3]) {
      while (Atomics.load(job.state, THREADS + thread) === 0) {
        assert.ok(performance.now() < until, 'the workers did not start');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    // Near the end of the numbers, which begin anew in the middle.
    Atomics.store(job.state, CLAIMS, ((1 << 22) - JOBS / 2) << 9);
    const kernels = [additions(sums)];
    let [total, helped] = [0, 0];
    for (let tag = 1; tag <= JOBS; tag++) {
      const number = open(job, described(tag % 1000, length, threads));
      if (tag % 64 === 0) Atomics.notify(job.state, CLAIMS);
      if (computePieces(job, kernels, 0, number, 0).units < length) helped++;
      const { failed, lost } = outcome(job, 60_000);
      assert.ok(failed.length === 0 && lost.length === 0);
      total = (total + (tag % 1000)) | 0;
      if (tag % 1000 === 0)
        assert.ok(
          sums.every((sum) => sum === total),
          `after job ${tag}`,
        );
    }
    assert.ok(helped > 100, `others took part in ${helped} jobs only`);
  } finally {
    for (const worker of workers) await worker.terminate();
  }
});

test.run();
