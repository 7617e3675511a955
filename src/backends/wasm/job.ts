/** The block of shared memory through which the main thread tells the workers what to run. */
export interface Job {
  /** Words counted by the constants below. */
  readonly state: Int32Array;
  /** The arguments of the kernel; each thread replaces those that give its range and its scratch. */
  readonly arguments: Float64Array;
}

/**
 * The current job: workers wait for this word to change. Its low bits say how many threads take part; the main thread changes
 * the rest of the block only when these are done, and the others never look at it.
 */
export const JOB = 0;
export const THREAD_BITS = 6;
export const MOST_THREADS = (1 << THREAD_BITS) - 1;
/** Workers that are done with it. */
export const DONE = 1;
/** Workers that have started. */
export const READY = 2;
/** Which kernel, by its place in the list of names. */
export const KERNEL = 3;
/** How many arguments. */
export const COUNT = 4;
/** The place of the range among the arguments: start and end; the scratch address is behind them. */
export const RANGE = 5;
/** A thread's range begins at a multiple of this, counted from the start of the whole. */
export const UNIT = 6;
/** Bytes between the scratch of one thread and the next; 0: the kernel needs none. */
export const SCRATCH = 7;
/** Hundredths of the range that threads get in advance, in equal parts. */
export const SHARED = 8;
/** How many pieces of the rest have been taken. */
export const TAKEN = 9;
const STATE_WORDS = 10;
/** Pieces of the rest for each thread. */
const PIECES = 4;
const MOST_ARGUMENTS = 32;

/** Looks at a word before sleeping, about a millisecond: waking a thread can cost 0.2 ms, more than the gap between two kernels. */
const SPINS = 200_000;

export const newJobBlock = (): SharedArrayBuffer => new SharedArrayBuffer(4 * STATE_WORDS + 8 * MOST_ARGUMENTS);

export function jobIn(block: SharedArrayBuffer): Job {
  return {
    state: new Int32Array(block, 0, STATE_WORDS),
    arguments: new Float64Array(block, 4 * STATE_WORDS, MOST_ARGUMENTS),
  };
}

export const threadsOf = (jobWord: number): number => jobWord & MOST_THREADS;

/** Whether this thread may sleep. The main thread of a browser may not: it goes on looking, its own part is as long as theirs. */
const maySleep = ((): boolean => {
  try {
    // The word is not 1, so this returns at once.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
    return true;
  } catch {
    return false;
  }
})();

/** Waits until a word is no longer `value`. @returns what it is then */
export function waitWhile(state: Int32Array, word: number, value: number): number {
  for (let spins = 0; ; spins++) {
    const now = Atomics.load(state, word);
    if (now !== value) return now;
    if (spins >= SPINS && maySleep) Atomics.wait(state, word, value);
  }
}

/**
 * Computes what falls to thread `index` of `threads`: an equal part of the share that is dealt out in advance, then pieces of the
 * rest as long as there are any, so that nobody waits long for a thread that the machine has slowed down. Which numbers are
 * computed together does not depend on the parts.
 */
export function runPart(job: Job, kernel: (...args: number[]) => void, index: number, threads: number): void {
  const { state } = job;
  const args = Array.from(job.arguments.subarray(0, state[COUNT]));
  const range = state[RANGE];
  const unit = state[UNIT];
  const [start, end] = [args[range], args[range + 1]];
  if (state[SCRATCH] > 0) args[range + 2] += index * state[SCRATCH];
  const compute = (from: number, to: number) => {
    args[range] = start + from * unit;
    args[range + 1] = Math.min(end, start + to * unit);
    if (args[range] < args[range + 1]) kernel(...args);
  };
  const units = Math.ceil((end - start) / unit);
  const part = Math.ceil(((units / threads) * state[SHARED]) / 100);
  compute(index * part, (index + 1) * part);
  const piece = Math.ceil((units - threads * part) / (threads * PIECES));
  if (piece <= 0) return;
  for (;;) {
    const from = threads * part + Atomics.add(state, TAKEN, 1) * piece;
    if (from >= units) return;
    compute(from, from + piece);
  }
}
