import { InputError } from '../../errors.ts';
import { utf8Byte, utf8Length } from '../models/utf8.ts';

const utf8 = new TextEncoder();

/**
 * The rules of a precompiled charsmap of sentencepiece: which characters become which others.
 *
 * Source: the format of `Darts-clone`, and the crate spm_precompiled.
 */
export class Charsmap {
  /** A trie over bytes: a unit has the label of the byte that leads to it, and the distance to its children. */
  readonly #units: Uint32Array;
  /** The texts that others become, each with a zero after it. */
  readonly #texts: Uint8Array;
  readonly #known = new Map<number, string | null>();

  /** @param written the map in base64 @throws InputError when it is none */
  constructor(written: string) {
    const bytes = bytesOf(written);
    const size = bytes.length < 4 ? -1 : new DataView(bytes.buffer).getUint32(0, true);
    if (size < 4 || size % 4 !== 0 || size > bytes.length - 4) throw invalid();
    const view = new DataView(bytes.buffer, 4, size);
    this.#units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 * i, true));
    this.#texts = bytes.subarray(4 + size);
  }

  /** Returns what a code point becomes, or null when it stays. */
  character(codePoint: number): string | null {
    const known = this.#known.get(codePoint);
    if (known !== undefined) return known;
    const found = this.find(String.fromCodePoint(codePoint));
    this.#known.set(codePoint, found);
    return found;
  }

  /** Returns what the shortest beginning of a text that is in the map becomes, or null when none is. */
  find(text: string): string | null {
    const units = this.#units;
    let at = distance(units[0]);
    for (const byte of utf8.encode(text)) {
      if (byte === 0) return null;
      at ^= byte;
      const unit = units[at];
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return null;
      at ^= distance(unit);
      if ((unit & 0x100) !== 0) return this.#textAt((units[at] ?? 0) & 0x7fffffff);
    }
    return null;
  }

  /**
   * Returns what the longest beginning of a part of a text that is in the map becomes, or null when none is.
   *
   * @param at where the part begins
   */
  longest(text: string, at: number): { readonly by: string; readonly end: number } | null {
    const units = this.#units;
    let node = distance(units[0]);
    let [value, last] = [-1, at];
    for (let end = at; end < text.length; ) {
      const code = text.codePointAt(end)!;
      const next = end + (code > 0xffff ? 2 : 1);
      const length = utf8Length(code);
      for (let i = 0; i < length; i++) {
        const byte = utf8Byte(code, length, i);
        if (byte === 0) return this.#found(value, last);
        node ^= byte;
        const unit = units[node];
        if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return this.#found(value, last);
        node ^= distance(unit);
        if ((unit & 0x100) !== 0) [value, last] = [(units[node] ?? 0) & 0x7fffffff, next];
      }
      end = next;
    }
    return this.#found(value, last);
  }

  #found(value: number, end: number) {
    return value < 0 ? null : { by: this.#textAt(value), end };
  }

  #textAt(from: number): string {
    const end = this.#texts.indexOf(0, from);
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#texts.subarray(from, end < 0 ? undefined : end));
  }
}

const distance = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);

const invalid = (cause?: unknown) =>
  new InputError('The precompiled_charsmap of the normalizer is damaged; download the tokenizer again.', { cause });

function bytesOf(written: string): Uint8Array {
  try {
    return Uint8Array.from(atob(written), (letter) => letter.charCodeAt(0));
  } catch (cause) {
    throw invalid(cause);
  }
}
