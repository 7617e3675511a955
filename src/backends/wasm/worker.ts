/** The program of a worker thread; `kernels/wasm/build.ts` makes it one text, from which workers are started. */
import { AWAKE, computePieces, jobIn, THREADS, waitForJob } from './job.ts';

/** The message that a worker thread is started with: `workerData` in Node.js, the first message in a browser. */
export interface WorkerInput {
  readonly modules: readonly WebAssembly.Module[];
  readonly memory: WebAssembly.Memory;
  /** Rows and columns of a tile of a product. */
  readonly tile: readonly [rows: number, columns: number];
  /** The names of the kernels, in the order that jobs count them. */
  readonly names: readonly string[];
  readonly block: SharedArrayBuffer;
  /** Threads of the pool; the main thread is number 0. */
  readonly threads: number;
  /** The number of this one. */
  readonly thread: number;
}

/** Takes part in jobs until the process or the page ends. */
function work({ modules, memory, tile, names, block, threads, thread }: WorkerInput, onReady?: () => void): never {
  const parts = modules.map((module) => new WebAssembly.Instance(module, { env: { memory } }).exports);
  for (const part of parts) (part.setTile as (rows: number, columns: number) => void)(...tile);
  const exports = Object.assign({}, ...parts);
  const kernels = names.map((name) => exports[name] as (...args: number[]) => void);
  const job = jobIn(block, threads);
  Atomics.store(job.state, THREADS + thread, AWAKE);
  onReady?.();
  for (;;) computePieces(job, kernels, thread, waitForJob(job, thread));
}

const node = globalThis.process?.getBuiltinModule?.('node:worker_threads');
if (node) work(node.workerData);
else addEventListener('message', ({ data }) => work(data, () => postMessage('ready')), { once: true });
