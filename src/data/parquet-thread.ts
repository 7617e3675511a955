import { Worker } from 'node:worker_threads';
import type { ParquetReply, ParquetRequest } from './parquet-messages.ts';

/** The thread gave no answer in time, or needed more memory than it may have. */
export class GivenUp extends Error {}

/** There can be no thread, as where the permission model of Node forbids it. */
export class NoThread extends Error {}

/** A thread that is kept for the next file ends after so many milliseconds without one. */
const IDLE = 2000;

let idle: ParquetThread | null = null;

/** A thread that reads Parquet files, one at a time. */
export class ParquetThread {
  readonly #worker: Worker;
  /** MiB that its objects may take. */
  readonly #memory: number;
  #answered = false;
  #timer: NodeJS.Timeout | undefined;

  /**
   * One that has read a file before, or a new one.
   *
   * @param memory MiB that its objects may take
   * @throws NoThread if there can be none
   */
  static async take(memory: number): Promise<ParquetThread> {
    const thread = idle;
    if (!thread || thread.#memory !== memory) {
      return new ParquetThread((await import('./parquet-worker-source.ts')).source, memory);
    }
    idle = null;
    clearTimeout(thread.#timer);
    return thread;
  }

  private constructor(source: string, memory: number) {
    this.#memory = memory;
    try {
      this.#worker = new Worker(source, {
        eval: true,
        execArgv: [],
        name: 'parquet',
        resourceLimits: { maxOldGenerationSizeMb: memory },
      });
    } catch (error) {
      throw new NoThread(error instanceof Error ? error.message : String(error));
    }
    this.#worker.unref();
    this.#worker.on('error', () => {}); // told by `ask`
    this.#worker.on('exit', () => {
      if (idle === this) idle = null;
    });
  }

  /**
   * @param milliseconds until the thread is ended
   * @throws GivenUp, NoThread
   */
  ask(request: ParquetRequest, milliseconds: number): Promise<ParquetReply> {
    const worker = this.#worker;
    worker.ref();
    return new Promise<ParquetReply>((resolve, reject) => {
      let isSettled = false;
      const settle = (act: () => void) => {
        isSettled = true;
        clearTimeout(timer);
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        worker.unref();
        act();
      };
      const onMessage = (reply: ParquetReply) => {
        this.#answered = true;
        settle(() => resolve(reply));
      };
      const onError = (error: Error) => settle(() => reject(this.#failure(error)));
      const onExit = () => settle(() => reject(this.#failure(new Error('the thread ended'))));
      const giveUp = () => {
        if (isSettled) return;
        settle(() => reject(new GivenUp(`no part of it could be read within ${Math.round(milliseconds / 1000)} s`)));
        this.end();
      };
      // An answer that came while this thread was busy is taken first.
      const timer = setTimeout(() => setImmediate(() => setImmediate(giveUp)), milliseconds);
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.postMessage(request);
    });
  }

  #failure(error: Error): Error {
    const isMemory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    if (isMemory) return new GivenUp(`reading it takes more than ${this.#memory} MiB`);
    return this.#answered ? error : new NoThread(error.message);
  }

  /** Keeps it for the next file. */
  release(): void {
    if (idle) {
      this.end();
      return;
    }
    idle = this;
    this.#timer = setTimeout(() => {
      if (idle === this) idle = null;
      this.end();
    }, IDLE).unref();
  }

  end(): void {
    void this.#worker.terminate();
  }
}
