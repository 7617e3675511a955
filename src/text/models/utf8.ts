/** Returns the number of bytes of a code point in UTF-8. */
export const utf8Length = (code: number): number => (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);

/** Returns the number of bytes of a text in UTF-8. */
export function utf8LengthOf(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i)!;
    if (code > 0xffff) i++;
    length += utf8Length(code);
  }
  return length;
}

/**
 * Returns a byte of a code point in UTF-8.
 *
 * @param length the number of its bytes
 * @param i the number of the byte among them, from 0
 */
export function utf8Byte(code: number, length: number, i: number): number {
  const bits = code >> (6 * (length - 1 - i));
  if (i > 0) return 0x80 | (bits & 0x3f);
  // The first byte says by its leading ones how many there are.
  return length === 1 ? bits : ((0xf00 >> length) & 0xff) | bits;
}

/** Calls `visit` with each byte of a text in UTF-8, without an array of them. */
export function eachByte(text: string, visit: (byte: number) => void): void {
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at)!;
    if (code > 0xffff) at++;
    const length = utf8Length(code);
    for (let i = 0; i < length; i++) visit(utf8Byte(code, length, i));
  }
}
