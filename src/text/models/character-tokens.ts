import type { Vocabulary } from './vocabulary.ts';

/** The tokens of a vocabulary that are one character, by their code points: found without making a text of each character. */
export class CharacterTokens {
  /** One more than the id; 0 where there is none. */
  readonly #basic = new Int32Array(0x10000);
  readonly #others = new Map<number, number>();

  constructor(vocabulary: Vocabulary) {
    for (const [token, id] of vocabulary.entries) {
      if (token.length > 2 || token === '') continue;
      const code = token.codePointAt(0)!;
      if (code > 0xffff) this.#others.set(code, id);
      else if (token.length === 1) this.#basic[code] = id + 1;
    }
  }

  /** Returns the id of the token of a character; undefined if it is none. */
  idOf(code: number): number | undefined {
    if (code > 0xffff) return this.#others.get(code);
    const found = this.#basic[code];
    return found === 0 ? undefined : found - 1;
  }
}
