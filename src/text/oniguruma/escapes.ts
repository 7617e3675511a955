import type { Reader } from './reader.ts';
import type { Refuse } from './syntax.ts';

const named: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f', v: '\v', a: '\x07', e: '\x1b' };

/** Reads the character that is written behind a backslash: `\n`, `\x41`, `\u0041`, `\101`, or a sign itself. */
export function escapedCharacter(reader: Reader, refuse: Refuse): string {
  const code = codeOf(reader, refuse);
  if (code !== undefined) return characterOf(code, refuse);
  const letter = reader.next();
  if (letter === '') return refuse('nothing behind its last \\');
  return named[letter] ?? letter;
}

function codeOf(reader: Reader, refuse: Refuse): number | undefined {
  const unicode = reader.match(/^u([0-9A-Fa-f]{4})/);
  if (unicode) return Number.parseInt(unicode[1], 16);
  if (reader.peek() === 'u') return refuse('a \\u without four digits behind it');
  const byte = reader.match(/^x([0-9A-Fa-f]{1,2})/) ?? reader.match(/^()(0[0-7]{0,2}|[1-7][0-7]{1,2})/);
  if (byte) {
    const value = byte[2] === undefined ? Number.parseInt(byte[1], 16) : Number.parseInt(byte[2], 8);
    return value < 0x80 ? value : refuse('a byte above \\x7f: write the character itself');
  }
  const control = reader.match(/^(?:c|C-)([@-_a-z?])/);
  if (control) return control[1] === '?' ? 0x7f : control[1].codePointAt(0)! & 0x1f;
  if (/[xcCM]/.test(reader.peek())) return refuse(`\\${reader.peek()} without what belongs to it`);
  return undefined;
}

/** The code points in `\x{41 43}` or `\o{101}`, ranges among them in classes; undefined if there is no such escape. */
export function codePoints(reader: Reader, refuse: Refuse): readonly (readonly [string, string])[] | undefined {
  const found = reader.match(/^([xo])\{ ?((?:[0-9A-Fa-f]+[- ]?)+)\}/);
  if (!found) return /^[xo]\{/.test(reader.peek() + reader.peek(1)) ? refuse('an empty or invalid \\x{…}') : undefined;
  const radix = found[1] === 'x' ? 16 : 8;
  return found[2]
    .trim()
    .split(' ')
    .map((range) => range.split('-').map((digits) => characterOf(Number.parseInt(digits, radix), refuse)))
    .map(([first, last]) => [first, last ?? first] as const);
}

function characterOf(code: number, refuse: Refuse): string {
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
    return refuse(`a code point ${code.toString(16)} of no character`);
  return String.fromCodePoint(code);
}
