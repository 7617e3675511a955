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

const lengthInCharacters = (text: string): number => {
  let length = 0;
  for (const _ of text) length++;
  return length;
};

/**
 * Replaces characters by the rules of sentencepiece. Short graphemes are looked up as a whole, by which what follows a
 * character of the map is lost; the others by their characters.
 *
 * @param written the precompiled charsmap in base64
 * @throws InputError when it is none
 */
export function precompiled(written: string): Normalizer {
  const charsmap = new Charsmap(written);
  const isKept = Array.from({ length: 0x80 }, (_, code) => charsmap.character(String.fromCharCode(code)) === null);
  const isPlain = isKept.slice(0x20, 0x7f).every(Boolean);
  return (text) => (isPlain && !/[^ -~]/.test(text.text) ? text : replaced(text, charsmap, isKept));
}

function replaced(source: AlignedText, charsmap: Charsmap, isKept: readonly boolean[]): AlignedText {
  const { text } = source;
  const output = new Transformation(source);
  /** Where what is neither replaced nor put into the output yet begins. */
  let from = 0;
  let isChanged = false;
  const replace = (at: number, end: number, by: string) => {
    isChanged = true;
    if (from < at) output.keep(from, at);
    from = end;
    put(output, lengthInCharacters(text.slice(at, end)), by);
  };
  const replaceCharacters = (at: number, end: number) => {
    while (at < end) {
      const next = at + unitsAt(text, at);
      const by = charsmap.character(text.slice(at, next));
      if (by !== null) replace(at, next, by);
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
    const whole = isShort(text, at, end) ? charsmap.find(text.slice(at, end)) : null;
    if (whole === null) replaceCharacters(at, end);
    else replace(at, end, whole);
    at = end;
  }
  if (!isChanged) return source;
  if (from < text.length) output.keep(from, text.length);
  return output.build();
}

function isShort(text: string, from: number, to: number): boolean {
  if (to - from >= LONG) return false;
  let bytes = 0;
  for (const character of text.slice(from, to)) bytes += byteLength(character.codePointAt(0)!);
  return bytes < LONG;
}

/** Puts a text for some characters: one for one, then the rest of the text for the last, or the rest of them removed. */
function put(output: Transformation, count: number, by: string): void {
  const characters = [...by];
  characters.forEach((character, i) => {
    output.put(character, i < Math.min(count, characters.length) ? 0 : 1);
  });
  if (characters.length < count) output.remove(count - characters.length);
}
