import { environmentVariable } from '../../environment.ts';
import type { WorkerInput } from './worker.ts';
import { workerSource } from './worker-source.ts';

/** Events of the workers that the pool listens to. */
export interface WorkerEvents {
  /** A worker does not start, or has ended. `reason` follows the words "a worker thread". */
  onGone(thread: number, reason: string): void;
}

/** Workers that were started. */
export interface Workers {
  /** Settled when all take part or are gone; in Node.js before. */
  readonly started: Promise<unknown>;
  /** Gives them the kernels of one more module, which each receives when it meets a job that needs them. */
  add(module: WebAssembly.Module): void;
  /** Ends them. */
  stop(): void;
}

const nodeThreads = () => globalThis.process?.getBuiltinModule?.('node:worker_threads');

/** Returns whether threads can share memory: browsers hide this name from a page that is not cross-origin isolated. */
export const canShare = (): boolean => typeof SharedArrayBuffer !== 'undefined';

/** Returns whether workers start while this thread computes. In a browser they start only while it is idle. */
export const startWhileBusy = (): boolean => nodeThreads() !== undefined;

/**
 * Threads to use when nothing else is said: SPARSE_ADAPTER_THREADS, or what the machine has.
 *
 * @throws RangeError if that variable is no number of threads
 */
export function defaultThreads(): number {
  const { process, navigator } = globalThis;
  const text = environmentVariable('SPARSE_ADAPTER_THREADS')?.trim();
  if (text) {
    const wished = Number(text);
    if (Number.isSafeInteger(wished) && wished > 0) return wished;
    throw new RangeError(
      `SPARSE_ADAPTER_THREADS must be a whole number above 0, not '${text}'; without it all cores compute.`,
    );
  }
  return process?.getBuiltinModule?.('node:os').availableParallelism() ?? navigator?.hardwareConcurrency ?? 1;
}

interface StartedWorker {
  postMessage(message: WebAssembly.Module): void;
  terminate(): unknown;
}

/**
 * Starts workers number 1 to `threads` - 1. Their program is a text, so that a bundle of one file has it too. In Node.js they do
 * not keep the process alive. It never fails: events tell of what does.
 */
export function startWorkers(input: Omit<WorkerInput, 'thread'>, { onGone }: WorkerEvents): Workers {
  const workers: StartedWorker[] = [];
  const added: WebAssembly.Module[] = [];
  const start = async (thread: number): Promise<void> => {
    try {
      const own = { ...input, thread };
      const onEnd = (reason: string) => onGone(thread, reason);
      const worker = nodeThreads() ? startNodeWorker(own, onEnd) : await startWebWorker(own, onEnd);
      for (const module of added) worker.postMessage(module);
      workers.push(worker);
    } catch (error) {
      onGone(thread, `does not start (${error instanceof Error ? error.message : error})`);
    }
  };
  return {
    started: Promise.all(Array.from({ length: input.threads - 1 }, (_, i) => start(i + 1))),
    add(module) {
      added.push(module);
      for (const worker of workers) worker.postMessage(module);
    },
    stop: () => workers.forEach((worker) => void worker.terminate()),
  };
}

/** @throws Error if a worker may not be made: there is no thread left, or the permission model forbids it */
function startNodeWorker(input: WorkerInput, onEnd: (reason: string) => void): StartedWorker {
  const { Worker } = nodeThreads() as NonNullable<ReturnType<typeof nodeThreads>>;
  // Options of the process such as --input-type are for its main module.
  const worker = new Worker(workerSource, { eval: true, workerData: input, execArgv: [] });
  worker.unref();
  worker.on('error', (error) => onEnd(`has ended (${error.message})`));
  worker.on('exit', () => onEnd('has ended'));
  return worker;
}

/** A worker of a browser that does not say a word for so long, in milliseconds, does not start. */
const START_LIMIT = 10_000;

/** Starts one from the text, or where the page's content security policy forbids that, from a file beside this one. */
async function startWebWorker(input: WorkerInput, onEnd: (reason: string) => void): Promise<StartedWorker> {
  try {
    const address = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }));
    try {
      return await whenReady(new Worker(address), input, onEnd);
    } finally {
      URL.revokeObjectURL(address);
    }
  } catch {
    // Bundlers look for exactly this expression.
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    return whenReady(worker, input, onEnd);
  }
}

function whenReady(worker: Worker, input: WorkerInput, onEnd: (reason: string) => void): Promise<StartedWorker> {
  return new Promise((resolve, reject) => {
    const fail = (message: string) => {
      worker.terminate();
      reject(new Error(message));
    };
    const limit = setTimeout(fail, START_LIMIT, 'it does not answer');
    worker.onmessage = () => {
      clearTimeout(limit);
      worker.onerror = ({ message }) => onEnd(`has ended (${message})`);
      resolve(worker);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      clearTimeout(limit);
      fail(event.message ?? 'its program cannot be loaded');
    };
    worker.postMessage(input);
  });
}
