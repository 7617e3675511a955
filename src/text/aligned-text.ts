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
    const added = before.length;
    const length = added + this.text.length;
    const starts = columnOf(length);
    const ends = columnOf(length);
    for (let unit = 0; unit < length; unit++) {
      starts[unit] = this.startOf(Math.max(0, unit - added));
      ends[unit] = this.endOf(unit < added ? units - 1 : unit - added);
    }
    return AlignedText.placed(before + this.text, starts, ends);
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

  constructor(source: AlignedText) {
    this.#source = source;
    const { length } = source;
    this.#units = roomForUnits(length);
    this.#starts = columnOf(length);
    this.#ends = columnOf(length);
  }

  /** Takes the units from one up to another over as they are. */
  keep(from: number, to: number): this {
    let at = this.#grow(to - from);
    const source = this.#source;
    const { text } = source;
    const units = this.#units;
    const starts = this.#starts;
    const ends = this.#ends;
    for (let unit = from; unit < to; unit++, at++) {
      units[at] = text.charCodeAt(unit);
      starts[at] = source.startOf(unit);
      ends[at] = source.endOf(unit);
    }
    return this;
  }

  /** Adds a text of which each unit comes from the units from one up to another; from a place alone if these are the same. */
  add(text: string, from: number, to: number): this {
    const at = this.#grow(text.length);
    for (let i = 0; i < text.length; i++) this.#put(at + i, text.charCodeAt(i), from, to);
    return this;
  }

  /** Adds a character by its code point, as `add` adds a text. */
  addCharacter(code: number, from: number, to: number): this {
    if (code > 0xffff) {
      const at = this.#grow(2);
      this.#put(at, 0xd7c0 + (code >> 10), from, to);
      this.#put(at + 1, 0xdc00 | (code & 0x3ff), from, to);
    } else {
      this.#put(this.#grow(1), code, from, to);
    }
    return this;
  }

  /** Returns the new text. Nothing can be added any more. */
  build(): AlignedText {
    return AlignedText.placed(textOfUnits(this.#units, this.#length), this.#starts, this.#ends);
  }

  #put(at: number, unit: number, from: number, to: number): void {
    const start = this.#source.startOf(from);
    this.#units[at] = unit;
    this.#starts[at] = start;
    this.#ends[at] = to > from ? this.#source.endOf(to - 1) : start;
  }

  /** Makes the text longer, with room for that. Returns where the new part begins. */
  #grow(by: number): number {
    const at = this.#length;
    this.#length += by;
    if (this.#length > this.#starts.length) {
      const length = Math.max(this.#length, 2 * this.#starts.length);
      const units = roomForUnits(length);
      units.set(this.#units.subarray(0, at));
      this.#units = units;
      this.#starts = lengthened(this.#starts, length);
      this.#ends = lengthened(this.#ends, length);
    }
    return at;
  }
}
