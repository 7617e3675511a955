import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { brotliDecompressSync } from 'node:zlib';
import { errorOf } from './answer-errors.ts';
import type { Answerer, AnswererSpec, AnswerOutcome, AnswerRequest, ControlCommand, ControlReply } from './answerer.ts';
import { AnswererLostError } from './serve-errors.ts';
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts';

/** Options of a worker. */
export interface WorkerAnswererOptions {
  /** Threads that compute in it, its own included. */
  readonly threads: number;
  /** Told when a worker has ended that should not have, and that another one is started. */
  readonly onRestart?: (reason: string) => void;
}

/** Settles what was asked with a message. */
interface Pending {
  readonly resolve: (message: FromWorker) => void;
  readonly reject: (error: Error) => void;
}

/** A worker that has started, or will have. */
interface Running {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
  /** Rejected if it cannot load what it should. */
  readonly ready: Promise<void>;
}

/**
 * An answerer in a thread of its own. If the thread ends, what it was asked is rejected with an {@link AnswererLostError}, and another
 * one is started, with the adapters that were loaded since.
 */
export class WorkerAnswerer implements Answerer {
  readonly #spec: AnswererSpec;
  readonly #options: WorkerAnswererOptions;
  /** Changes that a new worker has to make too, by the name of the adapter. */
  readonly #changes = new Map<string, ControlCommand>();
  #running: Promise<Running> | null = null;
  #isDisposed = false;
  #lastId = 0;

  private constructor(spec: AnswererSpec, options: WorkerAnswererOptions) {
    this.#spec = spec;
    this.#options = options;
  }

  /** Starts a worker, and waits until it has loaded. @throws InputError for what cannot be loaded */
  static async open(spec: AnswererSpec, options: WorkerAnswererOptions): Promise<WorkerAnswerer> {
    const answerer = new WorkerAnswerer(spec, options);
    await (await answerer.#start()).ready;
    return answerer;
  }

  async answer(requests: readonly AnswerRequest[], signal?: AbortSignal): Promise<readonly AnswerOutcome[]> {
    signal?.throwIfAborted();
    const running = await this.#start();
    await running.ready;
    const id = ++this.#lastId;
    const cancel = () => running.worker.postMessage({ cancel: id } satisfies ToWorker);
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const message = await ask(running, { id, requests });
      if ('outcomes' in message) return message.outcomes;
      signal?.throwIfAborted();
      throw new Error(
        'error' in message ? message.error.message : 'A worker gave another answer than it was asked for.',
      );
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  async control(command: ControlCommand): Promise<ControlReply> {
    const running = await this.#start();
    await running.ready;
    const message = await ask(running, { id: ++this.#lastId, command });
    if ('error' in message) throw errorOf(message.error);
    if (!('reply' in message)) throw new Error('A worker gave another answer than it was asked for.');
    if ('load' in command) this.#changes.set(command.load.name, command);
    if ('unload' in command) this.#changes.set(command.unload, command);
    return message.reply;
  }

  dispose(): void {
    this.#isDisposed = true;
    void this.#running?.then(({ worker }) => worker.terminate());
  }

  /** The worker that there is, or a new one. */
  #start(): Promise<Running> {
    if (this.#isDisposed) return Promise.reject(new Error('The worker is disposed and answers no more.'));
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<Running> {
    const worker = await newWorker({ spec: this.#spec, threads: this.#options.threads, url: import.meta.url ?? '' });
    const pending = new Map<number, Pending>();
    const ready = new Promise<void>((resolve, reject) => {
      let isOver = false;
      const end = (error: Error): void => {
        isOver = true;
        this.#running = null;
        reject(error);
        for (const asked of pending.values()) asked.reject(error);
        pending.clear();
      };
      // A worker that fails ends too, when the next one may have started.
      const lose = (reason: string): void => {
        if (isOver) return;
        end(new AnswererLostError(`The worker that computes has ended (${reason}); it is started again.`));
        if (!this.#isDisposed) this.#options.onRestart?.(reason);
      };
      worker.on('message', (message: FromWorker) => {
        if ('failed' in message) end(errorOf(message.failed));
        else if ('id' in message) settle({ worker, pending }, message);
        else {
          if (pending.size === 0) worker.unref();
          resolve();
        }
      });
      worker.once('error', (error) => lose(`it failed: ${error.message}`));
      worker.once('exit', (code) => lose(`it ended with code ${code}`));
    }).then(() => this.#repeatChanges({ worker, pending }));
    // Looked at by what is asked.
    ready.catch(() => {});
    return { worker, pending, ready };
  }

  /** Makes the changes of earlier workers. One that fails now, as its file is gone, is left out; its requests say so. */
  async #repeatChanges(running: Omit<Running, 'ready'>): Promise<void> {
    for (const command of this.#changes.values()) await ask(running, { id: ++this.#lastId, command });
  }
}

function settle({ worker, pending }: Omit<Running, 'ready'>, message: Extract<FromWorker, { id: number }>): void {
  pending.get(message.id)?.resolve(message);
  pending.delete(message.id);
  if (pending.size === 0) worker.unref();
}

/** Asks a worker, which keeps the process alive until it has answered. */
function ask(
  { worker, pending }: Omit<Running, 'ready'>,
  message: Extract<ToWorker, { id: number }>,
): Promise<FromWorker> {
  return new Promise((resolve, reject) => {
    pending.set(message.id, { resolve, reject });
    worker.ref();
    worker.postMessage(message);
  });
}

/** What is dropped while many adapters load is freed soon; tensors live outside of this. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 };

/** Starts the program beside this file, or, where this one was bundled with others, the text of it. */
async function newWorker(start: WorkerStart): Promise<Worker> {
  const beside = programBeside();
  if (beside) return new Worker(beside, { workerData: start, name: 'sparse-adapter', resourceLimits });
  const { compressed } = await import('./worker-program.ts');
  const source = brotliDecompressSync(Buffer.from(compressed, 'base64'));
  return new Worker(source.toString(), { eval: true, workerData: start, name: 'sparse-adapter', resourceLimits });
}

/** The program's own file; null in a bundle, which has another name. */
function programBeside(): URL | null {
  const ending = /\/serve\/worker-answerer\.(js|ts)$/.exec(import.meta.url ?? '')?.[1];
  if (ending === undefined) return null;
  const url = new URL(`./worker.${ending}`, import.meta.url);
  return existsSync(fileURLToPath(url)) ? url : null;
}
