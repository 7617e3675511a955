import type { CodePointSet } from './code-points.ts';

/** Tells which of some sets a character belongs to. Those below U+10000 are looked up in a table. */
export class CharacterTable {
  readonly #kinds = new Uint8Array(0x10000);
  readonly #sets: readonly CodePointSet[];

  /** @param sets which have no character in common */
  constructor(...sets: readonly CodePointSet[]) {
    this.#sets = sets;
    for (const [i, { ranges }] of sets.entries()) {
      for (const [from, to] of ranges) this.#kinds.fill(i + 1, from, Math.min(to, 0x10000));
    }
  }

  /** Returns the number of the set, from 1, in which the character of a text is that begins at a place; 0 for none. */
  kindAt(text: string, at: number): number {
    const unit = text.charCodeAt(at);
    if (unit < 0xd800 || unit > 0xdbff) return this.#kinds[unit];
    const code = text.codePointAt(at)!;
    return 1 + this.#sets.findIndex((set) => set.has(code));
  }
}

/** Returns the number of UTF-16 units of the character of a text that begins at a place. */
export function unitsAt(text: string, at: number): 1 | 2 {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit <= 0xdbff && at + 1 < text.length ? 2 : 1;
}
