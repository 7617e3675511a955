/**
 * The gpu backend beside wasm, in one process and in turns: what a call, an upload and a read cost, matrix products, and MiniLM.
 * `npm run bench:gpu` prints the tables of docs/backends.md.
 */
import { GPU } from 'gpu.js';
import { GpuBackend } from '../src/backends/gpu/index.ts';
import type { Backend } from '../src/backends/index.ts';
import { setBackend } from '../src/index.ts';
import { batchOf, minilm } from './plan.ts';
import { median } from './statistics.ts';
import { milliseconds, type Table, times, toMarkdown } from './table.ts';
import type { Job } from './workers/job.ts';
import { weight } from './workers/numbers.ts';
import { forward, train } from './workers/ours-model.ts';

const gpu = await setBackend('gpu');
if (!(gpu instanceof GpuBackend)) throw new Error('The gpu backend is not there.');
const { mode } = gpu.device;
const wasm = await setBackend('wasm');

/** Seconds of `run`, which waits for what it computed. */
async function secondsOf(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

/** The medians of runs in turns, after one that warms up. */
async function inTurns(runs: readonly (() => unknown)[], rounds: number): Promise<number[]> {
  const seconds = runs.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, run] of runs.entries()) {
      const own = await secondsOf(run);
      if (round >= 0) seconds[i].push(own);
    }
  }
  return seconds.map((own) => median(own));
}

/** What does not depend on the work, and what depends on the number of bytes. */
async function costs(): Promise<Table> {
  const rows: string[][] = [];
  const CALLS = 200;
  const MILLION = 1 << 20;
  for (const backend of [gpu, wasm] as Backend[]) {
    const [small, large] = [64, MILLION].map((length) => weight('x', length));
    const [x, big] = [backend.upload(small), backend.upload(large)];
    const call = () => backend.free(backend.unary('neg', x));
    const callAndRead = async () => {
      const y = backend.unary('neg', x);
      await backend.read(y);
      backend.free(y);
    };
    const calls = async () => {
      for (let i = 0; i < CALLS; i++) call();
      await backend.read(x);
    };
    const upload = async () => {
      const y = backend.upload(large);
      // Waits for the upload, and reads one number.
      const one = backend.slice({ buffer: y, shape: [MILLION] }, [0], [1]);
      await backend.read(one);
      for (const buffer of [one, y]) backend.free(buffer);
    };
    const [queued, alone, up, down] = await inTurns([calls, callAndRead, upload, () => backend.read(big)], 7);
    rows.push([backend.name, ...[queued / CALLS, alone, up, down].map(milliseconds)]);
    for (const buffer of [x, big]) backend.free(buffer);
  }
  const head = ['', 'call', 'call and read', 'upload 4 MiB', 'read 4 MiB'];
  return { title: 'Costs of an operation, in milliseconds', head, rows, notes: [] };
}

/** The matrix product of gpu.js' introduction: nested arrays go in and come out. */
function naive(size: number): (a: number[][], b: number[][]) => unknown {
  const source = `function (a, b) {
    let total = 0;
    for (let i = 0; i < this.constants.size; i++) total += a[this.thread.y][i] * b[i][this.thread.x];
    return total;
  }`;
  const settings = { output: [size, size], constants: { size }, precision: 'single' as const };
  return new GPU({ mode }).createKernel(source as never, settings) as never;
}

async function products(): Promise<Table> {
  const rows: string[][] = [];
  for (const n of [128, 256, 512]) {
    const [a, b] = ['a', 'b'].map((name) => weight(name, n * n));
    const spec = { batch: 1, m: n, n, k: n, transposeA: false, transposeB: false };
    const onBackend = (backend: Backend) => {
      const [x, y] = [a, b].map((values) => backend.upload(values));
      return async () => {
        const product = backend.matmul(x, y, spec);
        await backend.read(product);
        backend.free(product);
      };
    };
    const nested = (values: Float32Array) =>
      Array.from({ length: n }, (_, row) => Array.from(values.subarray(row * n, (row + 1) * n)));
    const [left, right] = [a, b].map(nested);
    const kernel = naive(n);
    const [ours, simple, cpu] = await inTurns([onBackend(gpu), () => kernel(left, right), onBackend(wasm)], 7);
    const cells = [
      milliseconds(ours),
      milliseconds(simple),
      times(simple / ours),
      milliseconds(cpu),
      times(ours / cpu),
    ];
    rows.push([`${n} x ${n} x ${n}`, ...cells]);
  }
  const head = ['', 'gpu', "gpu.js' example", 'to gpu', 'wasm', 'gpu to wasm'];
  return { title: 'Matrix products, in milliseconds', head, rows, notes: [] };
}

async function model(): Promise<Table> {
  const task = { model: minilm, bottleneck: 48, sparsity: 0.4, batches: [batchOf(2, 32)], perRun: 1 };
  const rows: string[][] = [];
  for (const [name, make] of Object.entries({ forward, 'training step': train })) {
    const seconds: number[] = [];
    for (const backend of ['gpu', 'wasm'] as const) {
      await setBackend(backend);
      const job: Job = make(task);
      seconds.push(...(await inTurns([() => job.run()], 3)));
    }
    const [ours, cpu] = seconds;
    rows.push([name, milliseconds(ours), milliseconds(cpu), times(ours / cpu)]);
  }
  return {
    title: 'MiniLM, 2 sequences of 32 tokens, in milliseconds',
    head: ['', 'gpu', 'wasm', 'gpu to wasm'],
    rows,
    notes: [],
  };
}

console.log(`gpu: ${gpu.describe()}\nwasm: ${wasm.describe()}\n`);
for (const measure of [costs, products, model]) console.log(`${toMarkdown(await measure())}\n`);
