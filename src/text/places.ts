import { combining, isWhitespace } from './unicode/character-classes.ts';

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

/** Lets combining marks that the tokenizer removed, up to the next token, belong to the token before them. */
export function takeMarks(text: string, place: Place, next: number): void {
  if (place[0] === place[1]) return;
  for (let at = place[1]; at < next && text.charCodeAt(at) >= FIRST_MARK; place[1] = at) {
    const codePoint = text.codePointAt(at) as number;
    if (!combining.has(codePoint)) break;
    at += codePoint > 0xffff ? 2 : 1;
  }
}

/** The first combining mark of Unicode. */
const FIRST_MARK = 0x300;
