import {
  COUNT,
  DONE,
  JOB,
  type Job,
  jobIn,
  KERNEL,
  MOST_THREADS,
  newJobBlock,
  RANGE,
  READY,
  runPart,
  SCRATCH,
  SHARED,
  TAKEN,
  THREAD_BITS,
  UNIT,
  waitWhile,
} from './job.ts';
import type { Kernels } from './kernels.ts';
import { canShare } from './workers.ts';

/** How the range [start, end) of a kernel may be divided. */
interface Division {
  /** Arguments behind the range: 1 for the address of scratch. */
  readonly behind: 0 | 1;
  /** Numbers of the range that stay together: whole cache lines, or the rows of a tile. */
  readonly unit: number;
  /** Work per number of the range, in elementwise operations, from the kernel's arguments. */
  readonly weight: (args: readonly number[]) => number;
  /** Whether small pieces would cost more than large ones. */
  readonly onlyEqualParts?: true;
}

const elementwise: Division = { behind: 0, unit: 1024, weight: () => 1 };
const rows = (width: number): Division => ({ behind: 0, unit: 1, weight: (args) => args[width] });
const columns = (height: number): Division => ({ behind: 0, unit: 16, weight: (args) => args[height] });

/** Blocks of 1024 numbers. */
const blocks: Division = { behind: 0, unit: 1, weight: () => 1024 };

/** The kernels worth dividing; the arguments counted here are those of {@link Kernels}. */
const divisions: { readonly [Name in keyof Kernels]?: Division } = {
  ...Object.fromEntries(
    (
      [
        ...(['neg', 'exp', 'log', 'tanh', 'sigmoid', 'relu', 'sqrt', 'rsqrt', 'abs', 'sign', 'erf', 'step'] as const),
        ...(['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'equal', 'less', 'select'] as const),
        ...(['gelu', 'geluTanh', 'silu', 'geluBackward', 'geluTanhBackward', 'siluBackward'] as const),
        ...(['geluBackwardBackward', 'geluTanhBackwardBackward', 'siluBackwardBackward'] as const),
        ...(['fill', 'uniform', 'dropout', 'copy', 'widenHalf', 'widenBfloat16', 'narrowDouble'] as const),
      ] satisfies (keyof Kernels)[]
    ).map((name) => [name, elementwise]),
  ),
  transpose: { behind: 0, unit: 1, weight: (args) => 16 * args[4] },
  gather: rows(3),
  gatherHalf: rows(3),
  scatterAdd: columns(4),
  sumRows: rows(2),
  maxRows: rows(2),
  sumColumns: columns(2),
  maxColumns: columns(2),
  softmax: rows(2),
  logSoftmax: rows(2),
  softmaxBackward: rows(3),
  logSoftmaxBackward: rows(3),
  crossEntropy: rows(4),
  crossEntropyBackward: rows(5),
  crossEntropyBackwardBackward: rows(7),
  layerNorm: rows(6),
  layerNormBackward: rows(6),
  layerNormBackwardBackward: rows(8),
  layerNormBackwardParameters: columns(6),
  adam: blocks,
  squares: blocks,
  // A multiplication and an addition take an eighth of what moving a number does.
  gemmColumns: { behind: 1, unit: 48, weight: (args) => (args[8] * args[10]) / 8 },
  // Each piece of rows packs all of b.
  gemmRows: { behind: 1, unit: 6, weight: (args) => (args[9] * args[10]) / 8, onlyEqualParts: true },
  gemmBatch: { behind: 1, unit: 1, weight: (args) => (args[5] * args[6] * args[7]) / 8 },
  gemmThin: { behind: 0, unit: 4, weight: (args) => (args[8] * args[9]) / 8 },
  gemmThinHalf: { behind: 1, unit: 4, weight: (args) => (args[8] * args[9]) / 8 },
  attention: { behind: 1, unit: 1, weight: (args) => args[6] * args[7] },
  attentionBackward: { behind: 1, unit: 1, weight: (args) => args[10] * args[11] },
  attentionBackwardBackward: { behind: 1, unit: 1, weight: (args) => args[13] * args[14] },
};

/** The order in which jobs count them. */
const names = Object.keys(divisions) as (keyof Kernels)[];

/** Hundredths of a range that are dealt out in advance, where small pieces are fine. */
const DEALT = 75;
/** Below this many elementwise operations a kernel stays on the calling thread: handing it out would cost more. */
const LEAST_WORK = 1 << 15;

type RawKernel = (...args: number[]) => void;

/** Starts the workers of a pool that looks for jobs in `block`. @returns when they take part, or before */
type Start = (block: SharedArrayBuffer, names: readonly string[]) => Promise<void>;

/**
 * A pool of worker threads over one linear memory. They start with the first job that is worth dividing, if not before, and
 * take part as soon as they are ready. An element of a result is computed in the same way whoever computes it, so results do
 * not depend on the number of threads. Workers do not keep the process alive.
 */
export class ThreadPool {
  /** Threads that may take part, the calling one included. */
  readonly threads: number;
  readonly #start: Start;
  /** Null until the workers are started. */
  #job: Job | null = null;
  #count = 0;

  /**
   * @param start starts `threads - 1` workers
   * @throws Error unless `threads` is a positive whole number
   */
  constructor(threads: number, start: Start) {
    if (!Number.isInteger(threads) || threads < 1)
      throw new Error(`The number of threads must be 1 or more, not ${threads}.`);
    this.threads = canShare() ? Math.min(threads, MOST_THREADS) : 1;
    this.#start = start;
  }

  /** Starts the workers, unless they are. */
  async start(): Promise<void> {
    if (this.#job || this.threads === 1) return;
    const block = newJobBlock();
    this.#job = jobIn(block);
    await this.#start(block, names);
  }

  /**
   * The kernels, dividing large ranges. A kernel with scratch takes one more argument here: the bytes of each thread's scratch,
   * of which `threads` must lie behind each other.
   */
  divide(kernels: Kernels): Kernels {
    const divided = names.map((name, number) => {
      const kernel = kernels[name] as unknown as RawKernel;
      const division = divisions[name] as Division;
      return [name, (...args: number[]) => this.#run(number, kernel, division, args)];
    });
    return { ...kernels, ...Object.fromEntries(divided) };
  }

  #run(number: number, kernel: RawKernel, { behind, unit, weight, onlyEqualParts }: Division, args: number[]): void {
    const scratch = behind === 1 ? (args.pop() as number) : 0;
    const range = args.length - 2 - behind;
    const size = args[range + 1] - args[range];
    const isLarge = this.threads > 1 && size >= 2 * unit && size * weight(args) >= LEAST_WORK;
    if (isLarge && !this.#job) void this.start();
    const threads = isLarge ? this.ready() : 1;
    const job = this.#job;
    if (threads === 1 || !job) {
      kernel(...args);
      return;
    }
    const { state } = job;
    job.arguments.set(args.map(Number));
    state[KERNEL] = number;
    state[COUNT] = args.length;
    state[RANGE] = range;
    state[UNIT] = unit;
    state[SCRATCH] = scratch;
    state[SHARED] = onlyEqualParts ? 100 : DEALT;
    state[TAKEN] = 0;
    Atomics.store(state, DONE, 0);
    this.#count++;
    Atomics.store(state, JOB, (this.#count << THREAD_BITS) | threads);
    Atomics.notify(state, JOB);
    runPart(job, kernel, 0, threads);
    for (let done = Atomics.load(state, DONE); done < threads - 1; done = waitWhile(state, DONE, done));
  }

  /** Threads that can take part now: the calling one, and the workers that have started. */
  ready(): number {
    return this.#job ? 1 + Atomics.load(this.#job.state, READY) : 1;
  }
}
