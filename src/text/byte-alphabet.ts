import { AlignedText } from './aligned-text.ts';
import { isAscii } from './ascii.ts';
import { columnOf, roomForUnits, textOfUnits } from './columns.ts';
import { utf8Byte, utf8Length, utf8LengthOf } from './models/utf8.ts';

/**
 * The alphabet of GPT-2, in which a byte is a letter: bytes that Latin-1 prints are its characters, the others are those
 * from U+0100 on, in their order.
 *
 * Source: `bytes_to_unicode` in src/encoder.py of https://github.com/openai/gpt-2.
 */
export const byteLetters: readonly string[] = makeLetters();

function makeLetters(): string[] {
  const isPrinted = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  let others = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrinted(byte) ? byte : others++));
}

const bytesByLetter = new Map(byteLetters.map((letter, byte) => [letter, byte]));

/** Returns the bytes that the letters of a token stand for; undefined when it has others. */
export function bytesOfLetters(token: string): readonly number[] | undefined {
  const bytes: number[] = [];
  for (const letter of token) {
    const byte = bytesByLetter.get(letter);
    if (byte === undefined) return undefined;
    bytes.push(byte);
  }
  return bytes;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are bytes too
const control = /[\x00-\x1f\x7f]/;

/** Returns a text with each byte of its UTF-8 as a letter, which comes from where the byte's character does. */
export function spelledInBytes(text: AlignedText): AlignedText {
  if (!isAscii(text.text)) return spelledByCharacters(text);
  const spelled = spelledAscii(text.text);
  return spelled === text.text ? text : text.respelled(spelled);
}

function spelledAscii(text: string): string {
  const spaced =
    text.lastIndexOf(' ') === 0 ? byteLetters[0x20] + text.slice(1) : text.replaceAll(' ', byteLetters[0x20]);
  return control.test(text)
    ? spaced.replaceAll(new RegExp(control, 'g'), (character) => byteLetters[character.charCodeAt(0)])
    : spaced;
}

const byteUnits = Uint16Array.from(byteLetters, (letter) => letter.charCodeAt(0));

function spelledByCharacters(text: AlignedText): AlignedText {
  const length = utf8LengthOf(text.text);
  const units = roomForUnits(length);
  const starts = columnOf(length);
  const ends = columnOf(length);
  for (let at = 0, byte = 0; at < text.length; ) {
    const code = text.text.codePointAt(at)!;
    const start = text.startOf(at);
    at += code > 0xffff ? 2 : 1;
    const end = text.endOf(at - 1);
    const bytes = utf8Length(code);
    for (let i = 0; i < bytes; i++, byte++) {
      units[byte] = byteUnits[utf8Byte(code, bytes, i)];
      starts[byte] = start;
      ends[byte] = end;
    }
  }
  return AlignedText.placed(textOfUnits(units, length), starts, ends);
}
