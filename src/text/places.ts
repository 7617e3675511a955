import { combining, isWhitespace } from './unicode/character-classes.ts';
import { CodePointSet } from './unicode/code-points.ts';

/** Where something stands in a text, in UTF-16 code units: `text.slice(start, end)`. */
export type Place = [start: number, end: number];

/** Returns the place of a token without the white space around it. */
export function trimmed(text: string, start: number, end: number): Place {
  let from = start;
  let to = end;
  while (from < to && isSpaceAt(text, from)) from++;
  while (to > from && isSpaceAt(text, to - 1)) to--;
  return [from, to];
}

function isSpaceAt(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return (unit <= 0x20 || unit >= 0x80) && isWhitespace(unit);
}

/**
 * Lets what the tokenizer joined with a character, or removed from it, up to the next token, belong to the tokens of that character:
 * combining marks, and the letters of a syllable of Hangul.
 *
 * @param places of tokens, those of the text so far from `first` on; neighbours may share one
 */
export function takeMarks(text: string, places: readonly Place[], first: number, next: number): void {
  if (places.length === first) return;
  const [start, end] = places[places.length - 1];
  if (start === end) return;
  let at = end;
  while (at < next && text.charCodeAt(at) >= FIRST_MARK) {
    const codePoint = text.codePointAt(at) as number;
    if (!combining.has(codePoint) && !joined.has(codePoint)) break;
    at += codePoint > 0xffff ? 2 : 1;
  }
  if (at === end) return;
  const isOfCharacter = (place: Place): boolean => place[1] === end && place[0] < end;
  for (let i = places.length - 1; i >= first && (places[i] === places[i + 1] || isOfCharacter(places[i])); i--)
    places[i][1] = at;
}

/** The first combining mark of Unicode. */
const FIRST_MARK = 0x300;

/** Vowels and final consonants of Hangul. */
const joined = new CodePointSet([
  [0x1160, 0x1200],
  [0xd7b0, 0xd800],
]);
