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

/** Returns the bytes of a text in UTF-8: for texts of a few characters, of which an encoder makes many small arrays. */
export function utf8Bytes(text: string): number[] {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i)!;
    if (code > 0xffff) i++;
    const length = utf8Length(code);
    let shift = 6 * (length - 1);
    // The first byte says by its leading ones how many there are.
    bytes.push(length === 1 ? code : ((0xf00 >> length) & 0xff) | (code >> shift));
    while (shift > 0) {
      shift -= 6;
      bytes.push(0x80 | ((code >> shift) & 0x3f));
    }
  }
  return bytes;
}
