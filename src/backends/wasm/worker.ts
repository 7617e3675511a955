import { DONE, JOB, jobIn, KERNEL, READY, runPart, threadsOf, waitWhile } from './job.ts';

/** What a worker thread is started with: `workerData` in Node.js, the first message in a browser. */
export interface WorkerInput {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly tileColumns: number;
  /** The names of the kernels, in the order that jobs count them. */
  readonly names: readonly string[];
  readonly block: SharedArrayBuffer;
}

/** Takes part in every job until the process or the page ends. */
function work({ module, memory, tileColumns, names, block }: WorkerInput, onReady?: () => void): never {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  (exports.tileColumns as WebAssembly.Global).value = tileColumns;
  const kernels = names.map((name) => exports[name] as (...args: number[]) => void);

  const job = jobIn(block);
  let current = Atomics.load(job.state, JOB);
  // The main thread is 0; a worker takes its number when it is ready for jobs.
  const index = Atomics.add(job.state, READY, 1) + 1;
  onReady?.();
  for (;;) {
    current = waitWhile(job.state, JOB, current);
    if (index >= threadsOf(current)) continue;
    runPart(job, kernels[job.state[KERNEL]], index, threadsOf(current));
    Atomics.add(job.state, DONE, 1);
    Atomics.notify(job.state, DONE);
  }
}

const node = globalThis.process?.getBuiltinModule?.('node:worker_threads');
if (node) work(node.workerData);
else addEventListener('message', ({ data }) => work(data, () => postMessage('ready')), { once: true });
