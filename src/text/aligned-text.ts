/** The places of units of a text in the original: unit i comes from `starts[i]` to `ends[i]`. */
interface Places {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
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
  static placed(text: string, starts: readonly number[], ends: readonly number[]): AlignedText {
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
    return new AlignedTextBuilder(this).add(before, 0, units).keep(0, this.text.length).build();
  }
}

/** Makes a changed text out of parts of another, from left to right. */
export class AlignedTextBuilder {
  readonly #source: AlignedText;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #text = '';

  constructor(source: AlignedText) {
    this.#source = source;
  }

  /** Takes the units from one up to another over as they are. */
  keep(from: number, to: number): this {
    this.#text += this.#source.text.slice(from, to);
    for (let unit = from; unit < to; unit++) {
      this.#starts.push(this.#source.startOf(unit));
      this.#ends.push(this.#source.endOf(unit));
    }
    return this;
  }

  /** Adds a text of which each unit comes from the units from one up to another; from a place alone if these are the same. */
  add(text: string, from: number, to: number): this {
    this.#text += text;
    const start = this.#source.startOf(from);
    const end = to > from ? this.#source.endOf(to - 1) : start;
    for (let i = 0; i < text.length; i++) {
      this.#starts.push(start);
      this.#ends.push(end);
    }
    return this;
  }

  build(): AlignedText {
    return AlignedText.placed(this.#text, this.#starts, this.#ends);
  }
}
