import { type Division, dividedKernels, divisions } from './divisions.ts';
import {
  ABSENT,
  ASLEEP,
  CLAIMS,
  computeAgain,
  computePieces,
  type Job,
  jobIn,
  MOST_THREADS,
  newJobBlock,
  open,
  outcome,
  THREADS,
} from './job.ts';
import type { Kernels } from './kernels.ts';
import { Sharing } from './sharing.ts';
import { canShare, type WorkerEvents, type Workers } from './workers.ts';

/** Below this many elementwise operations a kernel stays on the calling thread: handing it out would cost more. */
const LEAST_WORK = 1 << 16;
/**
 * Milliseconds in which a thread must finish the piece that it has taken, and how much longer than the main thread's own part it
 * may take. A thread that is merely slow needs less even on a machine with a hundred busy programs.
 */
const PATIENCE = 30_000;
const PATIENCE_FACTOR = 100;

type RawKernel = (...args: number[]) => void;

/** Starts the workers of a pool that looks for jobs in `block`. @returns when they take part, or before */
export type Start = (block: SharedArrayBuffer, names: readonly string[], events: WorkerEvents) => Promise<Workers>;

/**
 * A pool of worker threads over one linear memory. They start with the first job that is worth it, if not before, and take part
 * as soon as they are ready; job.ts tells how. An element of a result is computed in the same way whoever computes it, so results
 * do not depend on the number of threads. Workers do not keep the process alive. If one does not start, or ends, the others go on.
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
    const onGone = (thread: number, reason: string) => this.#lose(thread, reason);
    this.#workers = await this.#start(block, dividedKernels, { onGone });
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
   * The kernels, dividing large ranges. A kernel with scratch takes one more argument here: the bytes of each thread's scratch,
   * of which `threads` must lie behind each other.
   */
  divide(kernels: Kernels): Kernels {
    this.#kernels = dividedKernels.map((name) => kernels[name] as unknown as RawKernel);
    const divided = dividedKernels.map((name, number) => {
      const division = divisions[name] as Division;
      return [name, (...args: number[]) => this.#run(number, division, args)];
    });
    return { ...kernels, ...Object.fromEntries(divided) };
  }

  #run(number: number, division: Division, args: number[]): void {
    const { behind, unit, weight } = division;
    const kernel = this.#kernels[number];
    const scratch = behind === 1 ? (args.pop() as number) : 0;
    const range = args.length - 2 - behind;
    const size = args[range + 1] - args[range];
    const work = size * weight(args);
    if (this.possible() === 1 || size < 2 * unit || work < LEAST_WORK) {
      kernel(...args);
      return;
    }
    const start = performance.now();
    const { helpers, wake } = this.#helpers(work, start);
    if (helpers > 0 && this.#job) {
      const part = { args: args.map(Number), range, scratch, threads: 1 + helpers };
      this.#share(this.#job, number, division, part, wake, start);
    } else {
      kernel(...args);
      this.#sharing.alone(start, performance.now());
    }
  }

  /** How many workers will look for pieces, and whether some must be woken first. Starts them if they are not there. */
  #helpers(work: number, now: number): { helpers: number; wake: boolean } {
    if (!this.#sharing.isOn(now)) return { helpers: 0, wake: false };
    const present = this.ready() - 1;
    const asleep = this.#count(ASLEEP);
    if (this.#job && asleep === 0) return { helpers: present, wake: false };
    const wake = this.#sharing.isWorthWaking(work, now);
    if (wake && !this.#job) void this.start();
    return { helpers: wake ? present : present - asleep, wake };
  }

  #share(
    job: Job,
    kernel: number,
    { unit, onlyEqualParts, once }: Division,
    part: { args: readonly number[]; range: number; scratch: number; threads: number },
    wake: boolean,
    start: number,
  ): void {
    const { args, range } = part;
    const number = open(job, { ...part, kernel, unit, onlyEqualParts: onlyEqualParts === true });
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

  /** How many workers say `word`. */
  #count(word: number): number {
    let count = 0;
    if (this.#job) {
      for (let thread = 1; thread < this.threads; thread++) {
        if (Atomics.load(this.#job.state, THREADS + thread) === word) count++;
      }
    }
    return count;
  }

  /** Goes on without workers, after one did not finish its piece. */
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
      `sparse-adapter: a worker thread ${this.whyFewer()}; computing goes on with ${threads} ` +
        `${threads === 1 ? 'thread' : 'threads'} and the same results.`,
    );
  }
}

/** One warning for a process. */
let hasWarned = false;
