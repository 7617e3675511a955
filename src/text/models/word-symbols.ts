import type { TokenList } from '../token-list.ts';
import { MergeQueue, placeIn, rankIn } from './merge-queue.ts';
import { utf8Length } from './utf8.ts';

/** What there is of each symbol, side by side in memory: long words are too large for a processor's cache. */
const WIDTH = 5;
const ID = 0;
/** Where the symbol before it is, and the one after it. */
const BEFORE = 1;
const AFTER = 2;
/** The rank of the merge with the symbol after it; -1 if they do not merge. */
const RANK = 3;
/** Its number of bytes. */
const BYTES = 4;

/** Words of no more symbols take turns in the same memory: to make it takes longer than to merge them. */
const SHORT = 128;
const ofShort = new Int32Array(SHORT * WIDTH);

/** Pairs of symbols that become one, by their ranks. */
interface RankedPairs {
  /** Returns the rank of a pair of ids; -1 if they do not become one. */
  rankOf(first: number, second: number): number;
  /** Returns the id of what the pair of a rank becomes. */
  resultOf(rank: number): number;
}

/** The symbols of a word, each with an id and a number of bytes, which merges make fewer. One word at a time has them. */
export class WordSymbols {
  readonly #cells: Int32Array;
  /** Where the next symbol goes. */
  #size = 0;

  /** @param most the largest number of symbols that there will be */
  constructor(most: number) {
    this.#cells = most <= SHORT ? ofShort : new Int32Array(most * WIDTH);
  }

  add(id: number, bytes: number): void {
    const at = this.#size;
    this.#size = at + WIDTH;
    this.#cells[at + ID] = id;
    this.#cells[at + BEFORE] = at - WIDTH;
    this.#cells[at + AFTER] = this.#size;
    this.#cells[at + BYTES] = bytes;
  }

  /**
   * Merges neighbours as long as there are some that may, and adds the tokens of the word to a list. Its bytes are those of
   * the symbols, from the first one on: it may have more than they have, or fewer.
   */
  addTokens(word: string, merges: RankedPairs, tokens: TokenList): void {
    this.#merge(merges);
    const cells = this.#cells;
    const walk = new ByteWalk(word);
    tokens.reserve(this.#size / WIDTH);
    let byte = 0;
    for (let at = 0; at < this.#size; at = cells[at + AFTER]) {
      const start = walk.startOf(byte);
      for (let one = at; one < cells[at + AFTER]; one += WIDTH) byte += cells[one + BYTES];
      tokens.add(cells[at + ID], start, walk.endOf(byte));
    }
  }

  /** Makes all merges. Symbols that became a part of one before them are passed over by `AFTER`. */
  #merge(merges: RankedPairs): void {
    const cells = this.#cells;
    const size = this.#size;
    const queue = new MergeQueue();
    const rank = (at: number): void => {
      const after = cells[at + AFTER];
      const found = after < size ? merges.rankOf(cells[at + ID], cells[after + ID]) : -1;
      cells[at + RANK] = found;
      if (found >= 0) queue.push(found, at);
    };
    for (let at = 0; at < size; at += WIDTH) rank(at);

    for (let next = queue.pop(); next >= 0; next = queue.pop()) {
      const at = placeIn(next);
      const result = merges.resultOf(rankIn(next));
      // What was queued may have changed since then; it still counts if it becomes the same token.
      if (cells[at + RANK] < 0 || merges.resultOf(cells[at + RANK]) !== result) continue;
      const right = cells[at + AFTER];
      const after = cells[right + AFTER];
      cells[at + ID] = result;
      cells[at + AFTER] = after;
      if (after < size) cells[after + BEFORE] = at;
      cells[right + RANK] = -1;
      if (at > 0) rank(cells[at + BEFORE]);
      rank(at);
    }
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
      this.#endByte += utf8Length(code);
    }
  }
}
