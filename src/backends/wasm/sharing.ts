/** Work of one kernel that is worth waking threads for, about a millisecond; in elementwise operations. */
const WORTH_WAKING = 1 << 22;
/** Milliseconds of computing, pauses subtracted, after which smaller kernels are worth it too. One short text takes less. */
const LONG_SERIES = 30;

/** What others must save, as a fraction of the time that the main thread computes: its share of the processors may be less with them. */
const LEAST_GAIN = 0.2;
/** Milliseconds that may have been gained or lost before the last ones decide. */
const MOST_CREDIT = 4;
const MOST_DEBT = 4;
/** Milliseconds without other threads after they cost too much; twice as long if they do again, up to the second one. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 640;

/**
 * Decides when it pays to share a kernel with other threads. On a busy machine it often does not: a worker is halted in the
 * middle of a piece, and everybody waits for it. So what the others save and what waiting for them costs is added up, and where
 * the sum is a loss, the main thread computes alone for a while. All times are in milliseconds.
 */
export class Sharing {
  /** How long the main thread has been computing alone, pauses subtracted. */
  #series = 0;
  #lastEnd = 0;
  /** Gained by other threads, beyond what they must gain. */
  #balance = 0;
  #pause = FIRST_PAUSE;
  #aloneUntil = 0;

  /** Whether other threads may take part now. */
  isOn(now: number): boolean {
    return now >= this.#aloneUntil;
  }

  /** Whether sleeping threads should be woken for so much work. */
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
   * @param fraction how much of the work the main thread did, above 0
   * @param end when that was done
   * @param now when all was done
   */
  shared(start: number, end: number, now: number, fraction: number): void {
    const own = end - start;
    const gain = (own * (1 - fraction)) / fraction - (now - end);
    this.#balance = Math.min(MOST_CREDIT, this.#balance + gain - LEAST_GAIN * own);
    this.alone(start, now);
    if (this.#balance === MOST_CREDIT) this.#pause = FIRST_PAUSE;
    if (this.#balance > -MOST_DEBT) return;
    this.#aloneUntil = now + this.#pause;
    this.#pause = Math.min(LONGEST_PAUSE, 2 * this.#pause);
    this.#balance = 0;
  }
}
