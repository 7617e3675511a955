/** A place in the source of an expression, which moves on by characters. */
export class Reader {
  readonly #characters: readonly string[];
  at = 0;

  constructor(source: string) {
    this.#characters = [...source];
  }

  get isAtEnd(): boolean {
    return this.at >= this.#characters.length;
  }

  /** Returns the character that is next, or one after it; '' behind the end. */
  peek(ahead = 0): string {
    return this.#characters[this.at + ahead] ?? '';
  }

  next(): string {
    return this.#characters[this.at++] ?? '';
  }

  /** Moves behind a text if it is next. Returns whether it was. */
  take(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.peek(i) !== text[i]) return false;
    this.at += text.length;
    return true;
  }

  /** Moves behind what an expression finds at this place, and returns its groups; null if it finds nothing. */
  match(expression: RegExp): readonly string[] | null {
    const found = expression.exec(this.#characters.slice(this.at, this.at + 200).join(''));
    if (found === null || found.index > 0) return null;
    this.at += [...found[0]].length;
    return found;
  }
}
