import type { TokenLists, TokenRange, TokenSource } from './encoding.ts';

/** Tokens of a list that is new. */
const FEW = 512;
/** A list that has no more goes on to have room for them. */
const MOST_KEPT = 2 ** 16;

/** Tokens one after the other, each with an id, a place and the number of its word: side by side in memory, as a text may have millions. */
export class TokenList implements TokenSource {
  /** The number of tokens. What lies after them in the columns is of no meaning. */
  length = 0;
  /** The number of the word that the next tokens are of. */
  word = 0;
  ids = new Int32Array(FEW);
  starts = new Int32Array(FEW);
  ends = new Int32Array(FEW);
  words = new Int32Array(FEW);

  add(id: number, start: number, end: number): void {
    const at = this.length;
    if (at === this.ids.length) this.reserve(1);
    this.length = at + 1;
    this.ids[at] = id;
    this.starts[at] = start;
    this.ends[at] = end;
    this.words[at] = this.word;
  }

  /** Makes room for so many more, at once where a word has many. */
  reserve(more: number): void {
    const capacity = this.ids.length;
    const needed = this.length + more;
    if (needed > capacity) this.#resize(Math.max(needed, 2 * capacity));
  }

  /** Copies tokens, of which neighbours that stand at one place share it, as those of bytes do. */
  copyTo({ ids, offsets, wordIds }: TokenLists, at: number, { from, to }: TokenRange): void {
    const { starts, ends } = this;
    for (let i = from, place = at; i < to; i++, place++) {
      ids[place] = this.ids[i];
      wordIds[place] = this.words[i];
      const isShared = i > from && starts[i] === starts[i - 1] && ends[i] === ends[i - 1];
      offsets[place] = isShared ? offsets[place - 1] : [starts[i], ends[i]];
    }
  }

  /** Removes all tokens, and the memory of many. */
  clear(): void {
    this.length = 0;
    if (this.ids.length > MOST_KEPT) this.#resize(FEW);
  }

  #resize(capacity: number): void {
    this.ids = resized(this.ids, capacity);
    this.starts = resized(this.starts, capacity);
    this.ends = resized(this.ends, capacity);
    this.words = resized(this.words, capacity);
  }
}

function resized(column: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const other = new Int32Array(capacity);
  other.set(column.subarray(0, capacity));
  return other;
}
