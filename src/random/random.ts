import alea, { type Alea } from 'seedrandom/lib/alea.js';

/** The position of a generator; plain numbers, so that JSON keeps it exactly. */
export interface RandomState {
  seed: string;
  /** The numbers of Alea. */
  generator: { c: number; s0: number; s1: number; s2: number };
}

/**
 * A seeded stream of random numbers. The same seed gives the same numbers on every machine, but for those of `normal`, which
 * are the same bits with the same major version of Node.js; 1 and '1' are the same seed.
 * The generator is Alea (J. Baagøe, 2010) from the `seedrandom` library.
 */
export class Random {
  readonly seed: string;
  #generator: Alea;

  /** @throws TypeError for what is neither a finite number nor a text */
  constructor(seed: number | string) {
    if (typeof seed !== 'string' && !Number.isFinite(seed)) {
      throw new TypeError(`Random: seed must be a finite number or a text, not ${String(seed)}.`);
    }
    this.seed = String(seed);
    this.#generator = alea(this.seed, { state: true });
  }

  /** A generator that continues exactly where {@link Random.state} was taken. */
  static restore(state: RandomState): Random {
    const random = new Random(state.seed);
    random.#generator = alea(state.seed, { state: state.generator });
    return random;
  }

  state(): RandomState {
    return { seed: this.seed, generator: this.#generator.state() };
  }

  /**
   * An independent stream for one purpose. It depends on this generator's seed and the name, not on its position: one more
   * draw here shifts nothing there.
   */
  fork(name: string): Random {
    return new Random(JSON.stringify([this.seed, name]));
  }

  /** U[0, 1) with 53 random bits. */
  uniform(): number {
    return this.#generator.double();
  }

  /** N(mean, std^2) by the Box-Muller transform; the second value is not kept, so the state stays the generator's alone. */
  normal(mean = 0, std = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + std * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /**
   * An integer in [0, n).
   * @throws RangeError unless n is a positive integer.
   */
  integer(n: number): number {
    if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`integer(n) needs a positive integer, got ${n}`);
    return Math.floor(this.uniform() * n);
  }

  /** An integer in [0, 2^32), for instance the seed of a counter-based generator. */
  uint32(): number {
    return this.#generator.int32() >>> 0;
  }

  /** The numbers 0 to n - 1 in random order. */
  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    this.#shuffleStart(order, n);
    return order;
  }

  /** A new array with the same items in random order. */
  shuffle<T>(array: readonly T[]): T[] {
    return this.sample(array, array.length);
  }

  /**
   * k items at distinct positions, in random order.
   * @throws RangeError if the array has fewer than k items.
   */
  sample<T>(array: readonly T[], k: number): T[] {
    if (!Number.isInteger(k) || k < 0 || k > array.length) {
      throw new RangeError(`cannot sample ${k} of ${array.length} items`);
    }
    const items = [...array];
    this.#shuffleStart(items, k);
    return items.slice(0, k);
  }

  /** The first k steps of the Fisher-Yates shuffle, in place: the first k positions become a random sample. */
  #shuffleStart<T>(items: { [index: number]: T; length: number }, k: number): void {
    for (let i = 0; i < k; i++) {
      const j = i + this.integer(items.length - i);
      const item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
  }
}
