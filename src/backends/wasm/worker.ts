/** The program of a worker thread; `kernels/wasm/build.ts` makes it one text, from which workers are started. */
import { AWAKE, computePieces, hasKernel, jobIn, THREADS, waitForJob } from './job.ts';
import type { RawKernel } from './module.ts';

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

/** A worker with the kernels of its modules. */
function open({ modules, memory, tile, names, block, threads, thread }: WorkerInput) {
  const job = jobIn(block, threads);
  /** Those of other modules are missing. */
  const kernels: RawKernel[] = [];
  const add = (module: WebAssembly.Module): void => {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    (exports.setTile as RawKernel)(...tile);
    for (const [i, name] of names.entries()) kernels[i] ??= exports[name] as RawKernel;
  };
  for (const module of modules) add(module);
  Atomics.store(job.state, THREADS + thread, AWAKE);
  return {
    /** Takes the kernels of one more module. */
    add,
    /** Takes part in jobs, until one needs a kernel that is not there: a message with its module waits, which comes after this returns. */
    work(): void {
      for (;;) {
        const number = waitForJob(job, thread);
        if (!hasKernel(job, kernels)) break;
        computePieces(job, kernels, thread, number);
      }
      Atomics.store(job.state, THREADS + thread, AWAKE);
    },
  };
}

let worker: ReturnType<typeof open> | null = null;

function onMessage(module: WebAssembly.Module): void {
  worker?.add(module);
  worker?.work();
}

const node = globalThis.process?.getBuiltinModule?.('node:worker_threads');
if (node) {
  worker = open(node.workerData);
  node.parentPort?.on('message', onMessage);
  worker.work();
} else {
  addEventListener('message', ({ data }) => {
    if (worker) return onMessage(data);
    worker = open(data);
    postMessage('ready');
    worker.work();
  });
}
