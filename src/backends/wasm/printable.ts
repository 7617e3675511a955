/** The first printable character, and how many there are. */
export const FIRST = 32;
export const COUNT = 95;
/** Characters that stand for a byte by themselves; each of the last two stands for one together with the character after it. */
export const SINGLE = 93;
/** The byte that the first character stands for. From here on, around the end of the bytes, are those most frequent in the kernels. */
export const OFFSET = 0xf0;

/**
 * Decodes bytes that were written as printable characters, most of them as one (kernels/wasm/printable.ts). The kernels are stored so
 * because a compressed bundle is a quarter smaller than with base64, which hides from a compressor where bytes begin.
 */
export function decodePrintable(text: string): ArrayBuffer {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const first = text.charCodeAt(i) - FIRST;
    const value = first < SINGLE ? first : SINGLE + (first - SINGLE) * COUNT + text.charCodeAt(++i) - FIRST;
    bytes.push(value + OFFSET);
  }
  // Numbers above 255 begin anew at 0.
  return new Uint8Array(bytes).buffer;
}
