import { AlignedText } from './aligned-text.ts';
import { isAscii } from './ascii.ts';
import { utf8Length, utf8LengthOf } from './models/utf8.ts';

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

function spelledByCharacters(text: AlignedText): AlignedText {
  let letters = '';
  const length = utf8LengthOf(text.text);
  const starts = new Array<number>(length);
  const ends = new Array<number>(length);
  for (let at = 0, byte = 0; at < text.length; ) {
    const code = text.text.codePointAt(at)!;
    const units = code > 0xffff ? 2 : 1;
    const start = text.startOf(at);
    const end = text.endOf(at + units - 1);
    for (const last = byte + utf8Length(code); byte < last; byte++) {
      starts[byte] = start;
      ends[byte] = end;
    }
    letters += spelledCharacter(code);
    at += units;
  }
  return AlignedText.placed(letters, starts, ends);
}

function spelledCharacter(code: number): string {
  if (code < 0x80) return byteLetters[code];
  const last = byteLetters[0x80 | (code & 0x3f)];
  if (code < 0x800) return byteLetters[0xc0 | (code >> 6)] + last;
  const third = byteLetters[0x80 | ((code >> 6) & 0x3f)] + last;
  if (code < 0x10000) return byteLetters[0xe0 | (code >> 12)] + third;
  return byteLetters[0xf0 | (code >> 18)] + byteLetters[0x80 | ((code >> 12) & 0x3f)] + third;
}
