import type { TokenList } from './token-list.ts';
import { combining, isWhitespace } from './unicode/character-classes.ts';
import { CodePointSet } from './unicode/code-points.ts';

/** Returns where a token ends without the white space at its end. */
export function trimmedEnd(text: string, start: number, end: number): number {
  let to = end;
  while (to > start && isSpaceAt(text, to - 1)) to--;
  return to;
}

/** Returns where a token begins without the white space at its start. */
export function trimmedStart(text: string, start: number, end: number): number {
  let from = start;
  while (from < end && isSpaceAt(text, from)) from++;
  return from;
}

function isSpaceAt(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return (unit <= 0x20 || unit >= 0x80) && isWhitespace(unit);
}

/**
 * Lets what the tokenizer joined with a character, or removed from it, up to the next token, belong to the tokens of that character:
 * combining marks, and the letters of a syllable of Hangul.
 *
 * @param first the first token of the text
 * @param count the number of tokens that have their places
 */
export function takeMarks(text: string, { starts, ends }: TokenList, first: number, count: number, next: number): void {
  if (count === first) return;
  const end = ends[count - 1];
  if (starts[count - 1] === end) return;
  let at = end;
  while (at < next && text.charCodeAt(at) >= FIRST_MARK) {
    const codePoint = text.codePointAt(at) as number;
    if (!combining.has(codePoint) && !joined.has(codePoint)) break;
    at += codePoint > 0xffff ? 2 : 1;
  }
  if (at === end) return;
  for (let i = count - 1; i >= first && ends[i] === end && starts[i] < end; i--) ends[i] = at;
}

/** The first combining mark of Unicode. */
const FIRST_MARK = 0x300;

/** Vowels and final consonants of Hangul. */
const joined = new CodePointSet([
  [0x1160, 0x1200],
  [0xd7b0, 0xd800],
]);
