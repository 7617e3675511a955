import { type AlignedText, AlignedTextBuilder } from '../aligned-text.ts';
import { unitsAt } from '../unicode/character-table.ts';

/** Returns the number of UTF-16 units of the character of a text that ends at a place. */
export const unitsBefore = (text: string, at: number): number => (at > 1 && text.codePointAt(at - 2)! > 0xffff ? 2 : 1);

/** Stands for no character. */
const NONE = -1;

/**
 * Makes a changed text character by character, with the alignment that the Rust library gives it: each character either
 * stands for the next one of the source, and perhaps for some after it that are removed, or is one more for the last.
 *
 * Source: `NormalizedString.transform` of Hugging Face tokenizers.
 */
export class Transformation {
  readonly #source: AlignedText;
  readonly #builder: AlignedTextBuilder;
  /** The place in the source of the next character that something will stand for. */
  #at = 0;
  /** The last character, which may still remove others. */
  #pending = NONE;
  #change = 0;

  constructor(source: AlignedText) {
    this.#source = source;
    this.#builder = new AlignedTextBuilder(source);
  }

  /** @param change 1 for one more character; else minus the number of characters after the next one that are removed */
  put(codePoint: number, change: number): void {
    this.#flush();
    this.#pending = codePoint;
    this.#change = change;
  }

  /** Removes characters after the last one. Before the first one there is nothing that could hold them: they stay. */
  remove(count: number): void {
    this.#change -= count;
  }

  /** Puts the characters of the source from one place up to another, which is after it. */
  keep(from: number, to: number): void {
    const { text } = this.#source;
    this.#flush();
    const last = to - unitsBefore(text, to);
    if (this.#at === from) {
      this.#builder.keep(from, last);
      this.#at = last;
    } else {
      for (let at = from; at < last; at += unitsAt(text, at)) this.put(text.codePointAt(at)!, 0);
    }
    this.put(text.codePointAt(last)!, 0);
  }

  build(): AlignedText {
    this.#flush();
    return this.#builder.build();
  }

  #flush(): void {
    const { text } = this.#source;
    const at = this.#at;
    if (this.#pending === NONE) {
      this.#change = 0;
    } else if (this.#change > 0) {
      this.#builder.addCharacter(this.#pending, at === 0 ? 0 : at - unitsBefore(text, at), at);
    } else {
      this.#at += unitsAt(text, at);
      this.#builder.addCharacter(this.#pending, at, this.#at);
      for (; this.#change < 0; this.#change++) this.#at += unitsAt(text, this.#at);
    }
    this.#pending = NONE;
  }
}
