import { type Column, columnOf, lengthened, roomForUnits, textOfUnits } from './columns.ts';

/** The places of units of a text in the original: unit i comes from `starts[i]` to `ends[i]`. */
interface Places {
  readonly starts: Column;
  readonly ends: Column;
}

/**
 * A text, or a part of one, that knows for each of its units where in the original text it comes from.
 *
 * Units are UTF-16 code units, as everywhere in JavaScript. A text that was not changed needs no table of places.
 */
export class AlignedText {
  readonly text: string;
  /** Of a text that this one is a part of; null as long as that is the original itself. */
  readonly #places: Places | null;
  /** The number of the first unit in that text. */
  readonly #first: number;

  private constructor(text: string, places: Places | null, first: number) {
    this.text = text;
    this.#places = places;
    this.#first = first;
  }

  /** The original text itself. */
  static of(original: string): AlignedText {
    return new AlignedText(original, null, 0);
  }

  /** A changed text with the places of its units in the original. */
  static placed(text: string, starts: Column, ends: Column): AlignedText {
    return new AlignedText(text, { starts, ends }, 0);
  }

  get length(): number {
    return this.text.length;
  }

  /** Returns the place in the original at which what a unit comes from begins. */
  startOf(unit: number): number {
    const at = this.#first + unit;
    return this.#places === null ? at : this.#places.starts[at];
  }

  /** Returns the place in the original at which what a unit comes from ends. */
  endOf(unit: number): number {
    const at = this.#first + unit;
    return this.#places === null ? at + 1 : this.#places.ends[at];
  }

  /** Returns the part from one unit up to another. */
  slice(from: number, to: number): AlignedText {
    if (from === 0 && to === this.text.length) return this;
    return new AlignedText(this.text.slice(from, to), this.#places, this.#first + from);
  }

  /** Returns the text as another of the same length, unit by unit. */
  respelled(text: string): AlignedText {
    return new AlignedText(text, this.#places, this.#first);
  }

  /**
   * Returns the text with another one before it. An empty text stays empty.
   *
   * @param units that the added ones come from; by default those of the first character
   */
  prepended(before: string, units = this.text.codePointAt(0)! > 0xffff ? 2 : 1): AlignedText {
    if (this.text === '' || before === '') return this;
    return new AlignedTextBuilder(this, before.length).add(before, 0, units).keep(0, this.text.length).build();
  }
}

/** Makes a changed text out of parts of another, from left to right. */
export class AlignedTextBuilder {
  readonly #source: AlignedText;
  /** The code units of the new text and their places, with room for more. */
  #units: Uint16Array;
  #starts: Column;
  #ends: Column;
  #length = 0;

  /** @param more by how much the new text may be longer, as far as that is known */
  constructor(source: AlignedText, more = 0) {
    this.#source = source;
    const length = source.length + more;
    this.#units = roomForUnits(length);
    this.#starts = columnOf(length);
    this.#ends = columnOf(length);
  }

  /** Takes the units from one up to another over as they are. */
  keep(from: number, to: number): this {
    this.#reserve(to - from);
    const source = this.#source;
    for (let unit = from; unit < to; unit++) {
      this.#put(source.text.charCodeAt(unit), source.startOf(unit), source.endOf(unit));
    }
    return this;
  }

  /** Adds a text of which each unit comes from the units from one up to another; from a place alone if these are the same. */
  add(text: string, from: number, to: number): this {
    this.#reserve(text.length);
    const start = this.#source.startOf(from);
    const end = to > from ? this.#source.endOf(to - 1) : start;
    for (let i = 0; i < text.length; i++) this.#put(text.charCodeAt(i), start, end);
    return this;
  }

  /** Adds a character by its code point, as `add` adds a text. */
  addCharacter(code: number, from: number, to: number): this {
    this.#reserve(2);
    const start = this.#source.startOf(from);
    const end = to > from ? this.#source.endOf(to - 1) : start;
    if (code > 0xffff) {
      this.#put(0xd7c0 + (code >> 10), start, end);
      this.#put(0xdc00 | (code & 0x3ff), start, end);
    } else {
      this.#put(code, start, end);
    }
    return this;
  }

  /** Returns the new text. Nothing can be added any more. */
  build(): AlignedText {
    return AlignedText.placed(textOfUnits(this.#units, this.#length), this.#starts, this.#ends);
  }

  #put(unit: number, start: number, end: number): void {
    const at = this.#length++;
    this.#units[at] = unit;
    this.#starts[at] = start;
    this.#ends[at] = end;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#starts.length) return;
    const length = Math.max(needed, 2 * this.#starts.length);
    const units = roomForUnits(length);
    units.set(this.#units.subarray(0, this.#length));
    this.#units = units;
    this.#starts = lengthened(this.#starts, length);
    this.#ends = lengthened(this.#ends, length);
  }
}
