import type { RawKernel } from './module.ts';

/**
 * The block of shared memory through which the main thread and the workers share one job: a kernel with a range that is cut into
 * pieces. Whoever is free takes the next piece; the main thread takes pieces until there are none left, so a job is done when
 * its pieces are done, whether workers look in or not.
 *
 * **Late workers.** A worker may see a job, be halted by the system for any length of time, and continue when there is another job.
 * So a piece is taken by comparing and exchanging one word that holds the number of the job and how many of its pieces are left:
 * it succeeds only for a piece of the very job whose description was read before. While it can, that description stands: the
 * main thread writes the next one only after all pieces of this one are taken and done. Numbers of jobs come again after 2^22
 * jobs; while a thread says that it reads a job ({@link THREADS}), no other job gets the same number.
 *
 * **Kernels that are added.** A worker that meets a job whose kernel it does not have goes to receive the module of that kernel,
 * which was sent to it before the job was opened. Nobody waits for it meanwhile: it has taken no piece.
 *
 * **Threads that end.** A worker runs nothing but kernels, and what they throw is caught: the piece is marked as failed. Other
 * than that it ends because the thread that made it stops it, which that thread cannot do while it is busy with a job. Engines
 * stop a thread at the next turn of one of its loops, and a worker takes no piece before it has seen the job in two turns of its
 * loop. So one that was stopped takes no piece of a later job, and nobody waits for it. Against what this does not foresee there
 * is a time limit for the last pieces; the main thread then computes without workers from there on.
 */
export interface Job {
  /** Words counted by the constants below. */
  readonly state: Int32Array;
  /** The arguments of the kernel; each thread replaces those that give its range and its scratch. */
  readonly arguments: Float64Array;
  /** Threads of the pool, the main thread included, whether they take part or not. */
  readonly threads: number;
}

/** The number of the job and, in the lowest bits, how many of its pieces nobody has taken. Workers wait for it to change. */
export const CLAIMS = 0;
const PIECE_BITS = 9;
const MOST_PIECES = (1 << PIECE_BITS) - 1;
const JOB_NUMBERS = 1 << 22;

export const piecesLeft = (claims: number): number => claims & MOST_PIECES;
export const jobNumber = (claims: number): number => claims >> PIECE_BITS;

// The description of the job, in a cache line of its own.
/** The kernel, by its place in the list of names. */
const KERNEL = 16;
/** The number of arguments. */
const COUNT = 17;
/** The place of the range among the arguments: start and end; the scratch address follows them. */
const RANGE = 18;
/** Pieces begin at multiples of this, counted from the start of the whole. */
const UNIT = 19;
/** Bytes between the scratch of one thread and the next; 0: the kernel needs none. */
const SCRATCH = 20;
/** Pieces in all; the first ones are large, those after them small: their number, and the units of each. */
const PIECES = 21;
const LARGE = 22;
const LARGE_UNITS = 23;
const SMALL_UNITS = 24;

/** A word for each thread, the main thread's first: one of the three below, or the claims of the job that a worker reads. */
export const THREADS = 32;
export const MOST_THREADS = 63;
export const ABSENT = 0;
export const AWAKE = 1;
export const ASLEEP = 2;

/** A word for each piece, from here on. */
const OUTCOMES = 96;
const OPEN = 0;
const DONE = 1;
const FAILED = 2;

const STATE_WORDS = OUTCOMES + MOST_PIECES + 1;
const MOST_ARGUMENTS = 32;

/** Large pieces are so many hundredths of the whole, where small ones cost no more. */
const LARGE_SHARE = 75;
/** Small pieces for each thread. */
const SMALL_PIECES = 4;

export const newJobBlock = (): SharedArrayBuffer => new SharedArrayBuffer(4 * STATE_WORDS + 8 * MOST_ARGUMENTS);

export function jobIn(block: SharedArrayBuffer, threads: number): Job {
  return {
    threads,
    state: new Int32Array(block, 0, STATE_WORDS),
    arguments: new Float64Array(block, 4 * STATE_WORDS, MOST_ARGUMENTS),
  };
}

/** A job as the main thread describes it. */
export interface Description {
  readonly kernel: number;
  readonly args: readonly number[];
  readonly range: number;
  readonly unit: number;
  readonly scratch: number;
  /** Threads that may take part. */
  readonly threads: number;
  /** Whether there are no small pieces. */
  readonly onlyEqualParts: boolean;
}

/**
 * Opens a job whose piece 0 is the caller's; the one before must be done. First there are as many large pieces as threads, then
 * small ones, so that nobody waits long for a thread that the machine has slowed down. Which numbers are computed together does
 * not depend on the pieces.
 *
 * @returns its number
 */
export function open(job: Job, description: Description): number {
  const { state, arguments: shared } = job;
  const { args, range, unit, threads, onlyEqualParts } = description;
  const units = Math.ceil((args[range + 1] - args[range]) / unit);
  const large = Math.ceil(((units / threads) * (onlyEqualParts ? 100 : LARGE_SHARE)) / 100);
  const rest = Math.max(0, units - threads * large);
  const small = Math.ceil(rest / (threads * SMALL_PIECES));
  const largePieces = Math.min(threads, Math.ceil(units / large));
  const pieces = largePieces + (rest > 0 ? Math.ceil(rest / small) : 0);
  shared.set(args);
  state[KERNEL] = description.kernel;
  state[COUNT] = args.length;
  state[RANGE] = range;
  state[UNIT] = unit;
  state[SCRATCH] = description.scratch;
  state[PIECES] = pieces;
  state[LARGE] = largePieces;
  state[LARGE_UNITS] = large;
  state[SMALL_UNITS] = small;
  state.fill(OPEN, OUTCOMES, OUTCOMES + pieces);
  const number = nextNumber(job);
  Atomics.store(state, CLAIMS, (number << PIECE_BITS) | (pieces - 1));
  return number;
}

/** Returns the number of the next job, from 1 on, so that the claims of a job are none of the words that say what else a thread does. */
function nextNumber({ state, threads }: Job): number {
  let number = jobNumber(Atomics.load(state, CLAIMS));
  const isRead = (): boolean => {
    for (let thread = 1; thread < threads; thread++) {
      if (jobNumber(Atomics.load(state, THREADS + thread)) === number) return true;
    }
    return false;
  };
  do number = (number % (JOB_NUMBERS - 1)) + 1;
  while (isRead());
  return number;
}

/** Takes a piece of job `number`. @returns its place; -1 if none is left, or there is another job */
function take(state: Int32Array, number: number): number {
  let claims = Atomics.load(state, CLAIMS);
  while (jobNumber(claims) === number && piecesLeft(claims) > 0) {
    const found = Atomics.compareExchange(state, CLAIMS, claims, claims - 1);
    if (found === claims) return state[PIECES] - piecesLeft(claims);
    claims = found;
  }
  return -1;
}

/** A job as a thread has read it. Before it has taken a piece, it may be a mixture of two jobs. */
interface Reading {
  readonly kernel: RawKernel;
  readonly args: number[];
  readonly range: number;
  readonly unit: number;
  readonly start: number;
  readonly end: number;
  readonly units: number;
  readonly large: number;
  readonly largeUnits: number;
  readonly smallUnits: number;
}

function read({ state, arguments: shared }: Job, kernels: readonly RawKernel[], thread: number): Reading {
  const args = Array.from(shared.subarray(0, state[COUNT]));
  const range = state[RANGE];
  const unit = state[UNIT];
  const [start, end] = [args[range], args[range + 1]];
  if (state[SCRATCH] > 0) args[range + 2] += thread * state[SCRATCH];
  return {
    kernel: kernels[state[KERNEL]],
    ...{ args, range, unit, start, end, units: Math.ceil((end - start) / unit) },
    ...{ large: state[LARGE], largeUnits: state[LARGE_UNITS], smallUnits: state[SMALL_UNITS] },
  };
}

/** Units before a piece. */
function unitsBefore({ large, largeUnits, smallUnits }: Reading, piece: number): number {
  return piece < large ? piece * largeUnits : large * largeUnits + (piece - large) * smallUnits;
}

function computePiece(reading: Reading, piece: number): void {
  const { kernel, args, range, unit, start, end } = reading;
  args[range] = start + unit * unitsBefore(reading, piece);
  args[range + 1] = Math.min(end, start + unit * unitsBefore(reading, piece + 1));
  kernel(...args);
}

/** The part of a job that a thread has done. */
export interface OwnPart {
  readonly pieces: number;
  readonly units: number;
  /** Milliseconds for a unit, in the piece that was fastest: in others the system may have halted the thread. */
  readonly pace: number;
}

/** Returns whether a thread has the kernel of the present job; false for one that is about to be described, too. */
export function hasKernel({ state }: Job, kernels: readonly RawKernel[]): boolean {
  return kernels[state[KERNEL]] !== undefined;
}

/** Computes pieces of job `number` as long as there are any: `first`, if it is the caller's, and those that it can take. */
export function computePieces(
  job: Job,
  kernels: readonly RawKernel[],
  thread: number,
  number: number,
  first = -1,
): OwnPart {
  const { state } = job;
  const reading = read(job, kernels, thread);
  let [pieces, units, pace] = [0, 0, Number.POSITIVE_INFINITY];
  let start = performance.now();
  for (let piece = first < 0 ? take(state, number) : first; piece >= 0; piece = take(state, number)) {
    let outcome = FAILED;
    try {
      computePiece(reading, piece);
      outcome = DONE;
    } catch {
      // The main thread computes it again, and meets the error where it can be shown.
    }
    Atomics.store(state, OUTCOMES + piece, outcome);
    if (Atomics.load(state, THREADS) === ASLEEP) Atomics.notify(state, OUTCOMES + piece);
    const now = performance.now();
    const own = Math.min(unitsBefore(reading, piece + 1), reading.units) - unitsBefore(reading, piece);
    pace = Math.min(pace, (now - start) / own);
    start = now;
    pieces++;
    units += own;
  }
  return { pieces, units, pace };
}

/**
 * Waits for the pieces of a job of which none is left to take.
 *
 * @param patience milliseconds in which the thread of a piece must come to its end
 * @returns the pieces that failed, and those whose thread did not come back
 */
export function outcome({ state }: Job, patience: number): { failed: number[]; lost: number[] } {
  const [failed, lost]: number[][] = [[], []];
  for (let piece = 0; piece < state[PIECES]; piece++) {
    const word = OUTCOMES + piece;
    if (Atomics.load(state, word) === OPEN) waitForPiece(state, word, patience);
    const found = Atomics.load(state, word);
    if (found === FAILED) failed.push(piece);
    if (found === OPEN) lost.push(piece);
  }
  return { failed, lost };
}

/** Computes a piece of the present job again, for the main thread. @throws whatever the kernel throws */
export function computeAgain(job: Job, kernels: readonly RawKernel[], piece: number): void {
  computePiece(read(job, kernels, 0), piece);
}

/** Looks at a word before sleeping, about a millisecond: waking a thread can cost 0.2 ms, more than the gap between two kernels. */
const LOOKS = 200_000;
/** Milliseconds of one sleep. A computer that was suspended in it may find that it took hours; it counts as twice as long at most. */
const SLEEP = 1000;

/** Whether this thread may sleep. The main thread of a browser may not: it keeps looking, its own part is as long as theirs. */
const maySleep = ((): boolean => {
  try {
    // The word is not 1, so this returns at once.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
    return true;
  } catch {
    return false;
  }
})();

function waitForPiece(state: Int32Array, word: number, patience: number): void {
  for (let waited = 0; waited < patience; ) {
    const start = performance.now();
    for (let looks = 0; looks < LOOKS; looks++) if (Atomics.load(state, word) !== OPEN) return;
    if (maySleep) {
      Atomics.store(state, THREADS, ASLEEP);
      Atomics.wait(state, word, OPEN, SLEEP);
      Atomics.store(state, THREADS, AWAKE);
    }
    waited += Math.min(2 * SLEEP, performance.now() - start);
  }
}

/** Waits for a job with pieces to take, and says meanwhile whether this thread is awake. @returns its number */
export function waitForJob({ state }: Job, thread: number): number {
  const own = THREADS + thread;
  let seen = 0;
  Atomics.store(state, own, AWAKE);
  for (let looks = 0; ; looks++) {
    const claims = Atomics.load(state, CLAIMS);
    const number = jobNumber(claims);
    if (piecesLeft(claims) > 0) {
      if (number === seen) {
        Atomics.store(state, own, claims);
        // If it is still that job, the number now stays its own.
        if (jobNumber(Atomics.load(state, CLAIMS)) === number) return number;
        Atomics.store(state, own, AWAKE);
      }
      seen = number;
    } else if (looks >= LOOKS) {
      Atomics.store(state, own, ASLEEP);
      Atomics.wait(state, CLAIMS, claims);
      Atomics.store(state, own, AWAKE);
      looks = 0;
    }
  }
}
