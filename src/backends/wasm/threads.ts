import { callsOf, type LargeCall } from './calls.ts';
import type { Division } from './declaration.ts';
import {
  ABSENT,
  ASLEEP,
  CLAIMS,
  computeAgain,
  computePieces,
  type Description,
  type Job,
  jobIn,
  MOST_THREADS,
  newJobBlock,
  open,
  outcome,
  THREADS,
} from './job.ts';
import { type Calls, kernelNames, kernels } from './kernels.ts';
import type { Memory } from './memory.ts';
import type { Exports, RawKernel } from './module.ts';
import { Sharing } from './sharing.ts';
import { canShare, type WorkerEvents, type Workers } from './workers.ts';

/**
 * Milliseconds in which a thread must finish the piece that it has taken, and how much longer than the main thread's own part it
 * may take. A thread that is merely slow needs less even on a machine with a hundred busy programs.
 */
const PATIENCE = 30_000;
const PATIENCE_FACTOR = 100;

/** A job without what its declaration says. */
type Part = Omit<Description, 'unit' | 'onlyEqualParts'>;

/** Starts the workers of a pool that looks for jobs in `block`, with all kernels that there are. */
export type Start = (block: SharedArrayBuffer, names: readonly string[], events: WorkerEvents) => Workers;

/**
 * A pool of worker threads over one linear memory. They start with the first job that is worth it, if not before, and take part
 * as soon as they are ready; job.ts tells how. An element of a result is computed in the same way whoever computes it, so results
 * do not depend on the number of threads. Workers do not keep the process alive. If one does not start, or ends, the others continue.
 */
export class ThreadPool {
  /** Threads that may take part, the calling one included. */
  readonly threads: number;
  readonly #start: Start;
  readonly #sharing: Sharing;
  /** Null until the workers are started. */
  #job: Job | null = null;
  #workers: Workers | null = null;
  #kernels: readonly RawKernel[] = [];
  /** Why each worker that is gone is gone. */
  readonly #gone = new Map<number, string>();

  /**
   * @param start starts `threads - 1` workers
   * @param sharing when it pays to share a kernel
   * @throws Error unless `threads` is a positive whole number
   */
  constructor(threads: number, start: Start, sharing = new Sharing()) {
    if (!Number.isInteger(threads) || threads < 1)
      throw new Error(`The number of threads must be 1 or more, not ${threads}.`);
    this.threads = canShare() ? Math.min(threads, MOST_THREADS + 1) : 1;
    this.#start = start;
    this.#sharing = sharing;
  }

  /** Starts the workers, unless they are. Does not fail: without them the calling thread does all. */
  async start(): Promise<void> {
    if (this.#job || this.threads === 1) return;
    const block = newJobBlock();
    this.#job = jobIn(block, this.threads);
    this.#workers = this.#start(block, kernelNames, { onGone: (thread, reason) => this.#lose(thread, reason) });
    await this.#workers.started;
  }

  /** Threads that can take part now: the calling one, and the workers that have started. */
  ready(): number {
    return this.#job ? this.threads - this.#count(ABSENT) : 1;
  }

  /** Threads that take part or still may. */
  possible(): number {
    return this.threads - this.#gone.size;
  }

  /** Why there are fewer than wished. */
  whyFewer(): string | undefined {
    return this.#gone.values().next().value;
  }

  /**
   * Makes the calls of the kernels of a module on a memory, which divide large ranges among the threads. Called again for modules
   * that are added, which workers that are there learn.
   */
  calls(module: WebAssembly.Module, exports: Exports, memory: Memory): Calls {
    this.#kernels = kernelNames.map((name, i) => exports[name] ?? this.#kernels[i]);
    this.#workers?.add(module);
    return callsOf(exports, memory, (call) => this.#compute(call, memory));
  }

  #compute({ kernel, args, work, scratch }: LargeCall, memory: Memory): void {
    const bytes = Math.ceil(scratch / 64) * 64;
    // For all threads, even where one computes alone: how far the memory reaches must not depend on when the others have time.
    if (bytes === 0) this.#computeWith([], 0, { kernel, args, work });
    else memory.borrow(this.threads * bytes, (address) => this.#computeWith([address], bytes, { kernel, args, work }));
  }

  /** @param scratch the address of scratch for all threads, `bytes` for each; empty if the kernel needs none */
  #computeWith(scratch: readonly number[], bytes: number, { kernel, args, work }: Omit<LargeCall, 'scratch'>): void {
    const own = [...args, ...scratch];
    if (this.possible() === 1) {
      this.#kernels[kernel](...own);
      return;
    }
    const start = performance.now();
    const { helpers, wake } = this.#helpers(work, start);
    if (helpers > 0 && this.#job) {
      const part = { kernel, args: own, range: args.length - 2, scratch: bytes, threads: 1 + helpers };
      this.#share(this.#job, part, wake, start);
    } else {
      this.#kernels[kernel](...own);
      this.#sharing.alone(start, performance.now());
    }
  }

  /** Returns how many workers will look for pieces, and whether some must be woken first. Starts them if they are not there. */
  #helpers(work: number, now: number): { helpers: number; wake: boolean } {
    if (!this.#sharing.isOn(now)) return { helpers: 0, wake: false };
    const present = this.ready() - 1;
    const asleep = this.#count(ASLEEP);
    if (this.#job && asleep === 0) return { helpers: present, wake: false };
    const wake = this.#sharing.isWorthWaking(work, now);
    if (wake && !this.#job) void this.start();
    return { helpers: wake ? present : present - asleep, wake };
  }

  #share(job: Job, part: Part, wake: boolean, start: number): void {
    const { kernel, args, range } = part;
    const { unit, onlyEqualParts = false, once }: Division = kernels[kernelNames[kernel]];
    const number = open(job, { ...part, unit, onlyEqualParts });
    if (wake) Atomics.notify(job.state, CLAIMS);
    const own = computePieces(job, this.#kernels, 0, number, 0);
    const end = performance.now();
    const units = Math.ceil((args[range + 1] - args[range]) / unit);
    const { failed, lost } = outcome(job, PATIENCE + PATIENCE_FACTOR * (end - start));
    this.#sharing.shared({ start, end, allEnd: performance.now() }, own, units - own.units);
    if (lost.length > 0) this.#close();
    for (const piece of [...failed, ...lost]) {
      // Where the kernel itself failed, it fails again.
      computeAgain(job, this.#kernels, piece);
      if (once) throw new Error('A worker thread ended in the middle of an operation, whose result is lost.');
    }
  }

  /** Counts the workers that say `word`. */
  #count(word: number): number {
    let count = 0;
    if (this.#job) {
      for (let thread = 1; thread < this.threads; thread++) {
        if (Atomics.load(this.#job.state, THREADS + thread) === word) count++;
      }
    }
    return count;
  }

  /** Continues without workers, after one did not finish its piece. */
  #close(): void {
    this.#workers?.stop();
    for (let thread = 1; thread < this.threads; thread++) this.#lose(thread, 'does not answer');
  }

  #lose(thread: number, reason: string): void {
    if (this.#gone.has(thread)) return;
    if (this.#job) Atomics.store(this.#job.state, THREADS + thread, ABSENT);
    this.#gone.set(thread, reason.split('\n')[0]);
    // Others may follow at once; the warning is for all of them.
    queueMicrotask(() => this.#warn());
  }

  #warn(): void {
    if (hasWarned) return;
    hasWarned = true;
    const threads = this.possible();
    console.warn(
      `sparse-adapter: a worker thread ${this.whyFewer()}; computing continues with ${threads} ` +
        `${threads === 1 ? 'thread' : 'threads'} and the same results.`,
    );
  }
}

/** One warning for a process. */
let hasWarned = false;
