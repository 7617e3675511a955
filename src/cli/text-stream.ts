import type { Tokenizer } from '../text/index.ts';

/** The character that a token ending inside of a character decodes to. */
const INCOMPLETE = '\uFFFD';

/** Shows a text while its tokens arrive. */
export class TextStream {
  readonly #tokenizer: Pick<Tokenizer, 'decode'>;
  readonly #ids: number[] = [];
  #shown = '';

  constructor(tokenizer: Pick<Tokenizer, 'decode'>) {
    this.#tokenizer = tokenizer;
  }

  /** Returns the text that a token adds; empty until a character is complete. */
  push(id: number): string {
    this.#ids.push(id);
    const text = this.#tokenizer.decode(this.#ids).trimStart();
    if (text.endsWith(INCOMPLETE) || !text.startsWith(this.#shown)) return '';
    const added = text.slice(this.#shown.length);
    this.#shown = text;
    return added;
  }

  /** Returns the part of the whole text that was not shown yet. */
  rest(text: string): string {
    if (text.startsWith(this.#shown)) return text.slice(this.#shown.length);
    // Decoding changed what was shown: a line of its own shows it whole. The end of a text may have lost white space.
    return this.#shown.trimEnd() === text ? '' : `\n${text}`;
  }
}
