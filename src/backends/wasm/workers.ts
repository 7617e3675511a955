import type { WorkerInput } from './worker.ts';

const nodeThreads = () => globalThis.process?.getBuiltinModule?.('node:worker_threads');

/** Whether threads can share memory: browsers hide this name from a page that is not cross-origin isolated. */
export const canShare = (): boolean => typeof SharedArrayBuffer !== 'undefined';

/** Whether workers start while this thread computes. In a browser they start only while it is idle. */
export const startWhileBusy = (): boolean => nodeThreads() !== undefined;

/** Threads to use when nothing else is said: SPARSE_ADAPTER_THREADS, or what the machine has. */
export function defaultThreads(): number {
  const { process, navigator } = globalThis;
  const wished = Number(process?.env?.SPARSE_ADAPTER_THREADS);
  if (Number.isInteger(wished) && wished > 0) return wished;
  return process?.getBuiltinModule?.('node:os').availableParallelism() ?? navigator?.hardwareConcurrency ?? 1;
}

/**
 * Starts workers. In Node.js they do not keep the process alive.
 *
 * @returns in a browser, when they take jobs
 * @throws Error if a browser cannot load or start one
 */
export async function startWorkers(count: number, input: WorkerInput): Promise<void> {
  const threads = nodeThreads();
  const each = Array.from({ length: count });
  if (!threads) await Promise.all(each.map(() => startWebWorker(input)));
  // Options of the process such as --input-type are for its main module.
  else for (const _ of each) new threads.Worker(nodeFile(), { workerData: input, execArgv: [] }).unref();
}

/** The sources run as TypeScript, the package as JavaScript. */
const nodeFile = (): URL => new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

function startWebWorker(input: WorkerInput): Promise<void> {
  // Bundlers look for exactly this expression.
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = ({ message = 'its file cannot be loaded' }) => {
      reject(new Error(`A worker thread does not start: ${message}. Without: setBackend('wasm', { threads: 1 }).`));
    };
    worker.postMessage(input);
  });
}
