/** Entries of the table: the two numbers of a pair, and the number that it maps to. */
const WIDTH = 3;
const EMPTY = -1;

/** A map from pairs of whole numbers to whole numbers, all from 0 to 2^31 - 1. */
export class PairTable {
  #slots: Int32Array;
  /** The number of places less one; places are a power of two. */
  #mask: number;
  #size = 0;

  /** @param expected the number of pairs that there will be, more or less */
  constructor(expected = 0) {
    const places = 2 ** Math.ceil(Math.log2(2 * expected + 8));
    this.#slots = new Int32Array(places * WIDTH).fill(EMPTY);
    this.#mask = places - 1;
  }

  /** Returns the number of a pair; -1 if there is none. */
  get(first: number, second: number): number {
    return this.#slots[this.#find(first, second) + 2];
  }

  set(first: number, second: number, value: number): void {
    const at = this.#find(first, second);
    if (this.#slots[at + 2] === EMPTY) this.#add(at, first, second, value);
    else this.#slots[at + 2] = value;
  }

  /** Returns the number of a pair, which is `value` from now on if there was none. */
  getOrSet(first: number, second: number, value: number): number {
    const at = this.#find(first, second);
    const found = this.#slots[at + 2];
    if (found !== EMPTY) return found;
    this.#add(at, first, second, value);
    return value;
  }

  #add(at: number, first: number, second: number, value: number): void {
    this.#slots[at] = first;
    this.#slots[at + 1] = second;
    this.#slots[at + 2] = value;
    this.#size++;
    if (2 * this.#size > this.#mask) this.#grow();
  }

  /** Returns where the entry of a pair begins, or the empty one where it would stand. */
  #find(first: number, second: number): number {
    const slots = this.#slots;
    let place = Math.imul(Math.imul(first, 0x9e3779b1) ^ second, 0x85ebca6b);
    place ^= place >>> 15;
    for (; ; place++) {
      const at = (place & this.#mask) * WIDTH;
      if (slots[at + 2] === EMPTY || (slots[at] === first && slots[at + 1] === second)) return at;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length).fill(EMPTY);
    this.#mask = 2 * this.#mask + 1;
    for (let from = 0; from < old.length; from += WIDTH) {
      if (old[from + 2] === EMPTY) continue;
      const at = this.#find(old[from], old[from + 1]);
      this.#slots[at] = old[from];
      this.#slots[at + 1] = old[from + 1];
      this.#slots[at + 2] = old[from + 2];
    }
  }
}
