import type { Token } from '../stages.ts';
import { MergeQueue, placeIn, rankIn } from './merge-queue.ts';
import type { Merges } from './merges.ts';

const GONE = -1;

/** The symbols of a word, which merges make fewer: each has an id and a number of bytes. */
export class WordSymbols {
  readonly #ids: number[] = [];
  readonly #bytes: number[] = [];

  add(id: number, bytes: number): void {
    this.#ids.push(id);
    this.#bytes.push(bytes);
  }

  /** Makes one of two neighbours as long as there are some that may merge. */
  merge(merges: Merges): void {
    const ids = this.#ids;
    const bytes = this.#bytes;
    const count = ids.length;
    const before = Int32Array.from(ids, (_, at) => at - 1);
    const after = Int32Array.from(ids, (_, at) => at + 1);
    /** The rank of each symbol with the one after it; -1 if they do not merge. */
    const ranks = new Int32Array(count).fill(-1);
    const queue = new MergeQueue();
    const rank = (at: number): void => {
      ranks[at] = after[at] < count ? merges.rankOf(ids[at], ids[after[at]]) : -1;
      if (ranks[at] >= 0) queue.push(ranks[at], at);
    };
    for (let at = 0; at < count; at++) rank(at);

    for (let next = queue.pop(); next >= 0; next = queue.pop()) {
      const at = placeIn(next);
      const result = merges.resultOf(rankIn(next));
      // What was queued may have changed since then; it still counts if it becomes the same token.
      if (ranks[at] < 0 || merges.resultOf(ranks[at]) !== result) continue;
      const right = after[at];
      ids[at] = result;
      bytes[at] += bytes[right];
      after[at] = after[right];
      if (after[at] < count) before[after[at]] = at;
      ids[right] = GONE;
      ranks[right] = -1;
      if (before[at] >= 0) rank(before[at]);
      rank(at);
    }
  }

  /** The tokens of the word, whose bytes the symbols cover from the first one on; it may have more, or fewer. */
  tokens(word: string): Token[] {
    const tokens: Token[] = [];
    const bytes = new ByteWalk(word);
    let end = 0;
    for (let at = 0; at < this.#ids.length; at++) {
      if (this.#ids[at] === GONE) continue;
      const start = bytes.startOf(end);
      end += this.#bytes[at];
      tokens.push({ id: this.#ids[at], start, end: bytes.endOf(end) });
    }
    return tokens;
  }
}

/** Walks along the bytes (UTF-8) of a word, to find the code units that they are a part of. */
class ByteWalk {
  readonly #word: string;
  /** The character at hand, in code units. */
  #start = 0;
  #end = 0;
  /** The byte at which it ends. */
  #endByte = 0;

  constructor(word: string) {
    this.#word = word;
  }

  /** Returns where the character of a byte begins. */
  startOf(byte: number): number {
    this.#walkTo(byte + 1);
    return this.#start;
  }

  /** Returns where the character of the byte before this one ends. */
  endOf(byte: number): number {
    this.#walkTo(byte);
    return this.#end;
  }

  #walkTo(byte: number): void {
    while (this.#endByte < byte) {
      this.#start = this.#end;
      if (this.#end >= this.#word.length) return;
      const code = this.#word.codePointAt(this.#end)!;
      this.#end += code > 0xffff ? 2 : 1;
      this.#endByte += bytesOf(code);
    }
  }
}

/** Returns the number of bytes (UTF-8) of a code point. */
export const bytesOf = (code: number): number => (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
