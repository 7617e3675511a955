import type { OwnPart } from './job.ts';

/** Work of one kernel that is worth waking threads for, about a millisecond; in elementwise operations. */
const WORTH_WAKING = 1 << 22;
/** Milliseconds of computing, pauses subtracted, after which smaller kernels are worth it too. One short text takes less. */
const LONG_SERIES = 20;

/** The time that others must save, as a fraction of the time that the main thread computes: its share of the processors may be less with them. */
const LEAST_GAIN = 0.2;
/** Milliseconds that may have been gained or lost before the last ones decide. */
const MOST_CREDIT = 4;
const MOST_DEBT = 3;
/** Milliseconds without other threads after they cost too much; twice as long if they do again, up to the second one. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 1280;

/**
 * Decides when it pays to share a kernel with other threads. On a busy machine it often does not: a worker is halted in the
 * middle of a piece, and everybody waits for it. So what the others save and what waiting for them costs is added up, and where
 * the sum is a loss, the main thread computes alone for a while. All times are in milliseconds.
 */
export class Sharing {
  /** The time that the main thread has been computing alone, pauses subtracted. */
  #series = 0;
  #lastEnd = 0;
  /** Gained by other threads, beyond what they must gain. */
  #balance = 0;
  #pause = FIRST_PAUSE;
  #aloneUntil = 0;

  /** Returns whether other threads may take part now. */
  isOn(now: number): boolean {
    return now >= this.#aloneUntil;
  }

  /** Returns whether sleeping threads should be woken for so much work. */
  isWorthWaking(work: number, now: number): boolean {
    return work >= WORTH_WAKING || this.#series - (now - this.#lastEnd) >= LONG_SERIES;
  }

  /** Notes a kernel of the main thread alone. */
  alone(start: number, end: number): void {
    this.#series = Math.min(LONG_SERIES + 1, Math.max(0, this.#series - (start - this.#lastEnd)) + end - start);
    this.#lastEnd = end;
  }

  /**
   * Notes a kernel that was shared.
   *
   * @param times when the main thread began, when it found no more to do, and when all was done
   * @param others units that others computed
   */
  shared(times: { start: number; end: number; allEnd: number }, own: OwnPart, others: number): void {
    const { start, end, allEnd } = times;
    const waited = allEnd - end;
    // By a single piece of its own, the main thread cannot tell a slow kernel from one in which it was halted.
    const gain =
      own.pieces > 1 ? own.pace * (others - LEAST_GAIN * own.units) - waited : Math.min(0, end - start - waited);
    this.#balance = Math.min(MOST_CREDIT, this.#balance + gain);
    this.alone(start, allEnd);
    if (this.#balance === MOST_CREDIT) this.#pause = Math.max(FIRST_PAUSE, this.#pause / 2);
    if (this.#balance > -MOST_DEBT) return;
    this.#aloneUntil = allEnd + this.#pause;
    this.#pause = Math.min(LONGEST_PAUSE, 2 * this.#pause);
    this.#balance = 0;
  }
}
