import type { Encoding } from '../../src/text/index.ts';
import { isWhitespace } from '../../src/text/unicode/character-classes.ts';
import type { LibraryEncoding } from './tokenizers-library.ts';

type Span = readonly [start: number, end: number];
type Offsets = readonly Span[];

/** Returns the UTF-16 index of each character (code point) of a text, and its length; null where these are the same. */
function unitsOf(text: string): readonly number[] | null {
  if (!/[\u{10000}-\u{10ffff}]/u.test(text)) return null;
  const units = [0];
  for (const character of text) units.push(units[units.length - 1] + character.length);
  return units;
}

/** Combining marks, and the vowels and final consonants of Hangul. */
const isMark = (text: string, at: number) =>
  /^[\p{M}\u1160-\u11ff\ud7b0-\ud7fb]/u.test(String.fromCodePoint(text.codePointAt(at) ?? 0));

/**
 * Returns a span without the freedoms that the reference numbers state: white space at both ends is in it or not, marks that a
 * normalizer removed and parts of a composed letter belong to the character before them or to none, and empty ones stand anywhere.
 */
function freed(text: string, start: number, end: number): Span {
  let [from, to] = [start, end];
  while (from < to && isWhitespace(text.charCodeAt(from))) from++;
  while (to > from && isWhitespace(text.charCodeAt(to - 1))) to--;
  if (from === to) return [-1, -1];
  while (to < text.length && isMark(text, to)) to += text.codePointAt(to)! > 0xffff ? 2 : 1;
  return [from, to];
}

const isSame = ([a, b]: Span, [c, d]: Span): boolean => a === c && b === d;

/**
 * Returns whether a span is another only because the library trims it by as many bytes as its token has spaces at its ends, whether
 * these have a place in the text or not.
 */
function isTrimmed(text: string, token: string, ours: Span, [start, end]: Span): boolean {
  const leading = /^[Ġ\s]*/.exec(token)![0].length;
  const trailing = /[Ġ\s]*$/.exec(token)![0].length;
  if (leading + trailing > 0 && start === end) return true;
  for (let from = Math.max(0, start - 2 * leading); from <= start; from++) {
    for (let to = end; to <= end + 2 * trailing; to++) if (isSame(freed(text, from, to), ours)) return true;
  }
  return false;
}

/** @param tokens where the post-processor trims spans, the tokens as they are spelled in bytes */
function offsetsDiffer(
  text: string,
  ours: Offsets,
  library: Offsets,
  which: readonly boolean[],
  tokens: readonly string[] | null,
): string | null {
  const units = unitsOf(text);
  for (let i = 0; i < library.length; i++) {
    if (!which[i]) continue;
    const [from, to] = library[i];
    const [start, end] = units === null ? [from, to] : [units[from], units[to]];
    if (isSame(ours[i], [start, end])) continue;
    const own = freed(text, ...ours[i]);
    if (isSame(own, freed(text, start, end))) continue;
    if (tokens !== null && isTrimmed(text, tokens[i], own, [start, end])) continue;
    return `token ${i} is at ${ours[i].join('-')}, in the library at ${start}-${end}`;
  }
  return null;
}

const LISTS = ['ids', 'typeIds', 'specialTokensMask', 'wordIds', 'sequenceIds'] as const;

/**
 * Returns in what an encoding is another one than the library's, or null if it is not.
 *
 * @param isTrimming whether the library's post-processor trims places
 */
export function encodingsDiffer(
  texts: readonly string[],
  ours: Encoding,
  library: LibraryEncoding,
  isTrimming: boolean,
  name = 'encoding',
): string | null {
  const tokens = isTrimming ? library.tokens : null;
  for (const list of LISTS) {
    const [own, expected] = [ours[list].join(), library[list].join()];
    if (own !== expected) return `${list} of the ${name} are ${own}, in the library ${expected}`;
  }
  for (const [i, text] of texts.entries()) {
    const isOfText = ours.sequenceIds.map((sequence) => sequence === i);
    const difference = offsetsDiffer(text, ours.offsets, library.offsets, isOfText, tokens);
    if (difference !== null) return `text ${i} of the ${name}: ${difference}`;
  }
  const [count, expected] = [ours.overflowing.length, library.overflowing.length];
  if (count !== expected) return `there are ${count} windows more, in the library ${expected}`;
  for (const [i, window] of library.overflowing.entries()) {
    const difference = encodingsDiffer(
      texts,
      ours.overflowing[i],
      { ...window, overflowing: [] },
      isTrimming,
      `window ${i}`,
    );
    if (difference !== null) return difference;
  }
  return null;
}
