import { setTimeout as pause } from 'node:timers/promises';
import { cancelled, type Job, type JobQueue, type JobRecord } from './job-queue.ts';

/** The display of jobs that others work on. */
export interface DispatchEvents {
  /** Again and again while a worker has the job. */
  readonly onActive?: (record: JobRecord) => void;
  /** Each line that is told of the job, once. */
  readonly onLine?: (line: string) => void;
}

export interface DispatchOptions {
  /** Whether a job that is in the queue as failed is worked on again. */
  readonly retry?: boolean;
  readonly events?: DispatchEvents;
}

interface Waiting {
  readonly job: Job;
  readonly options: DispatchOptions;
  readonly resolve: (record: JobRecord) => void;
  readonly reject: (error: unknown) => void;
  told: number;
}

/** The shortest time between two looks, and what each job adds to it, in milliseconds: a look costs the queue a moment for each. */
const LOOK_MS = 250;
const JOB_MS = 1;

/** Gives jobs to a queue, and waits for their ends. A job that the queue has already is not worked on again. */
export class Dispatcher {
  readonly #queue: JobQueue;
  readonly #signal: AbortSignal | undefined;
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #onLook: ((waiting: number) => Promise<void> | void) | undefined;
  #isLooking = false;
  /** Ids of jobs that the queue has from here. */
  readonly #added = new Set<string>();
  readonly #cancelled = new Set<string>();

  /**
   * @param signal when it is aborted all that wait are told its reason; the jobs stay in the queue
   * @param onLook called with every look at the jobs
   */
  constructor(queue: JobQueue, signal?: AbortSignal, onLook?: (waiting: number) => Promise<void> | void) {
    this.#queue = queue;
    this.#signal = signal;
    this.#onLook = onLook;
  }

  /** Waits for the end of a job: done, or failed. @throws the reason of the signal, and InputError if the queue cannot be used */
  run(job: Job, options: DispatchOptions = {}): Promise<JobRecord> {
    return new Promise((resolve, reject) => {
      const same = this.#waiting.get(job.id) ?? [];
      this.#waiting.set(job.id, [...same, { job, options, resolve, reject, told: 0 }]);
      if (this.#isLooking) return;
      this.#isLooking = true;
      void this.#look();
    });
  }

  /** Ends a job that is of no use any more: one that waits is removed, and one that is worked on stopped. */
  async cancel(id: string): Promise<void> {
    this.#cancelled.add(id);
    await this.#queue.cancel(id);
    await this.#queue.remove(id);
  }

  async #look(): Promise<void> {
    try {
      // All that is asked for at once is added at once.
      await null;
      while (this.#waiting.size > 0) {
        this.#signal?.throwIfAborted();
        const ids = [...this.#waiting.keys()];
        const states = await this.#queue.states(ids);
        const missing: Job[] = [];
        for (const [i, id] of ids.entries()) {
          const [first] = this.#waiting.get(id) ?? [];
          const isOld = states[i] === 'failed' && first.options.retry && !this.#added.has(id);
          if (isOld) await this.#queue.remove(id);
          if (states[i] === null && this.#cancelled.delete(id)) this.#end(id, cancelledRecord(first.job));
          else if (isOld || states[i] === null) missing.push(first.job);
          else if (states[i] !== 'waiting') await this.#told(id);
        }
        for (const { id } of missing) this.#added.add(id);
        await this.#queue.add(missing);
        if (this.#waiting.size === 0) break;
        await this.#onLook?.(this.#waiting.size);
        const milliseconds = Math.max(LOOK_MS, JOB_MS * this.#waiting.size);
        await pause(milliseconds, undefined, { signal: this.#signal }).catch(() => {});
      }
      this.#isLooking = false;
    } catch (error) {
      this.#isLooking = false;
      const all = [...this.#waiting.values()].flat();
      this.#waiting.clear();
      for (const { reject } of all) reject(error);
    }
  }

  /** Tells what is new of a job that a worker has, or had. */
  async #told(id: string): Promise<void> {
    const record = await this.#queue.find(id);
    if (!record) return;
    const asked = this.#waiting.get(id) ?? [];
    for (const one of asked) {
      for (const line of record.lines.slice(one.told)) one.options.events?.onLine?.(line);
      one.told = record.lines.length;
      if (record.state === 'active') one.options.events?.onActive?.(record);
    }
    if (record.state !== 'done' && record.state !== 'failed') return;
    this.#end(id, record);
  }

  #end(id: string, record: JobRecord): void {
    const asked = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    this.#added.delete(id);
    for (const { resolve } of asked) resolve(record);
  }
}

/** What is told of a job that was removed before a worker took it. */
const cancelledRecord = (job: Job): JobRecord => ({
  ...job,
  ...{ state: 'failed', tries: 0, worker: null, progress: null, result: null, error: cancelled, lines: [] },
});
