/** A word of a text, `text.slice(start, end)`. */
export interface PlacedWord {
  readonly text: string;
  /** In UTF-16 code units. */
  readonly start: number;
  readonly end: number;
}

/** A character of a script without spaces between words, or a run of others that are no white space. */
const PIECES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+/gu;
const OPENING = /^[\p{Ps}\p{Pi}"'`¿¡]/u;
const CLOSING = /[\p{Pe}\p{Pf}"'`.,;:!?…]$/u;
/** Single letters that each have a full stop: U.S., e.g. */
const ABBREVIATION = /^(\p{L}\.){2,}$/u;

/**
 * Cuts a text into words as corpora of tagged words are cut: at white space, with brackets, quotes and marks at the ends of a word apart, so that
 * `"Paris,"` is four words and `don't`, `al-Ain`, `@name` and `U.S.` are one.
 */
export function splitWords(text: string): PlacedWord[] {
  const words: PlacedWord[] = [];
  for (const { 0: piece, index } of text.matchAll(PIECES)) {
    let [start, end] = [0, piece.length];
    while (end - start > 1 && OPENING.test(piece.slice(start, end))) start++;
    while (end - start > 1 && CLOSING.test(piece.slice(start, end)) && !ABBREVIATION.test(piece.slice(start, end)))
      end--;
    const places = [...units(0, start), [start, end], ...units(end, piece.length)];
    for (const [from, to] of places) {
      words.push({ text: piece.slice(from, to), start: index + from, end: index + to });
    }
  }
  return words;
}

/** Places of one code unit each: the marks that are cut off are in the basic plane. */
const units = (from: number, to: number): [number, number][] =>
  Array.from({ length: to - from }, (_, i) => [from + i, from + i + 1]);

/** Words that are given as such, with a space between each two: the text, and where each stands in it. */
export function joinWords(words: readonly string[]): { readonly text: string; readonly words: PlacedWord[] } {
  let start = 0;
  const placed = words.map((text) => {
    const word = { text, start, end: start + text.length };
    start = word.end + 1;
    return word;
  });
  return { text: words.join(' '), words: placed };
}
