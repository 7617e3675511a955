/**
 * Decodes two hexadecimal digits per byte. The kernels are stored so because a compressed bundle is a fifth smaller than with base64,
 * which hides from a compressor where bytes begin.
 */
export function decodeHex(text: string): ArrayBuffer {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = 16 * digit(text, 2 * i) + digit(text, 2 * i + 1);
  return bytes.buffer;
}

/** '0' is 48 and 'a' is 97. */
function digit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 97 ? code - 48 : code - 87;
}
