import type { AlignedText } from '../aligned-text.ts';
import type { Normalizer } from '../stages.ts';
import { unitsAt } from '../unicode/character-table.ts';
import { graphemeEnd } from '../unicode/graphemes.ts';
import { Charsmap } from './charsmap.ts';
import { Transformation } from './transformation.ts';

/** The first length in bytes of a grapheme that is not looked up as a whole. */
const LONG = 6;

const byteLength = (codePoint: number): number =>
  codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;

/**
 * Replaces characters by the rules of sentencepiece. Short graphemes are looked up as a whole, by which what follows a
 * character of the map is lost; the others by their characters.
 *
 * @param written the precompiled charsmap in base64
 * @throws InputError when it is none
 */
export function precompiled(written: string): Normalizer {
  const charsmap = new Charsmap(written);
  const isKept = Array.from({ length: 0x80 }, (_, codePoint) => charsmap.character(codePoint) === null);
  const isPlain = isKept.slice(0x20, 0x7f).every(Boolean);
  return (text) => (isPlain && !/[^ -~]/.test(text.text) ? text : replaced(text, charsmap, isKept));
}

function replaced(source: AlignedText, charsmap: Charsmap, isKept: readonly boolean[]): AlignedText {
  const { text } = source;
  let output: Transformation | undefined;
  /** Where what is neither replaced nor put into the output yet begins. */
  let from = 0;
  const replace = (at: number, end: number, count: number, by: string) => {
    output ??= new Transformation(source);
    if (from < at) output.keep(from, at);
    from = end;
    put(output, count, by);
  };
  const replaceCharacters = (at: number, end: number) => {
    while (at < end) {
      const next = at + unitsAt(text, at);
      const by = charsmap.character(text.codePointAt(at)!);
      if (by !== null) replace(at, next, 1, by);
      at = next;
    }
  };

  for (let at = 0; at < text.length; ) {
    const unit = text.charCodeAt(at);
    // Before another character of ASCII than the end of a line, one is a grapheme by itself.
    if (unit < 0x80 && isKept[unit] && unit !== 0xd && !(text.charCodeAt(at + 1) >= 0x80)) {
      at++;
      continue;
    }
    const end = graphemeEnd(text, at);
    const count = end - at > 1 ? charactersOfShort(text, at, end) : 1;
    const whole = count > 1 ? charsmap.find(text.slice(at, end)) : null;
    if (whole === null) replaceCharacters(at, end);
    else replace(at, end, count, whole);
    at = end;
  }
  if (output === undefined) return source;
  if (from < text.length) output.keep(from, text.length);
  return output.build();
}

/** Returns the number of characters of a grapheme, or 0 when it is too long to be looked up as a whole. */
function charactersOfShort(text: string, from: number, to: number): number {
  let bytes = 0;
  let count = 0;
  for (let at = from; at < to && bytes < LONG; at += unitsAt(text, at)) {
    bytes += byteLength(text.codePointAt(at)!);
    count++;
  }
  return bytes < LONG ? count : 0;
}

/** Puts a text for some characters: one for one, then the rest of the text for the last, or the rest of them removed. */
function put(output: Transformation, count: number, by: string): void {
  let length = 0;
  for (let at = 0; at < by.length; at += unitsAt(by, at)) output.put(by.codePointAt(at)!, ++length > count ? 1 : 0);
  if (length < count) output.remove(count - length);
}
