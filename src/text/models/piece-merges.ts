import { PairTable } from './pair-table.ts';

/**
 * The merges of a BPE model of sentencepiece: any neighbours that make a piece, the best piece first. Characters that are no
 * pieces may be parts of such, too.
 */
export class PieceMerges {
  readonly #ranks = new PairTable();
  readonly #results: Int32Array;
  readonly #ids = new Map<string, number>();

  /** @param scored pieces and their scores: their ids are their places */
  constructor(scored: readonly (readonly [piece: string, score: number])[]) {
    for (const [id, [piece]] of scored.entries()) this.#ids.set(piece, id);
    for (const [piece] of scored) {
      for (const character of piece) if (!this.#ids.has(character)) this.#ids.set(character, this.#ids.size);
    }
    const best = [...scored.keys()].sort((a, b) => scored[b][1] - scored[a][1] || a - b);
    this.#results = Int32Array.from(best);
    for (const [rank, id] of best.entries()) {
      const [piece] = scored[id];
      const characters = [...piece];
      for (let i = 1, cut = characters[0].length; i < characters.length; cut += characters[i++].length) {
        const [first, second] = [this.#ids.get(piece.slice(0, cut)), this.#ids.get(piece.slice(cut))];
        if (first !== undefined && second !== undefined) this.#ranks.set(first, second, rank);
      }
    }
  }

  /** Returns the number of a character, which is that of its piece if it is one; undefined for one of no piece. */
  numberOf(character: string): number | undefined {
    return this.#ids.get(character);
  }

  /** Returns the rank of a pair; -1 if they do not become one. */
  rankOf(first: number, second: number): number {
    return this.#ranks.get(first, second);
  }

  /** Returns the id of what the pair of a rank becomes. */
  resultOf(rank: number): number {
    return this.#results[rank];
  }
}
