import { bytesOfLetters } from '../byte-alphabet.ts';

const encoder = new TextEncoder();
const reading = { ignoreBOM: true };

/** Reads UTF-8; what is none becomes U+FFFD, each longest beginning of a character one, as in Rust. */
const lenient = new TextDecoder('utf-8', reading);
const strict = new TextDecoder('utf-8', { ...reading, fatal: true });

/** Joins tokens that are spelled in bytes, or are as they are if they have other letters, to one text. */
export function fromByteLetters(tokens: readonly string[]): string[] {
  const parts = tokens.map((token) => bytesOfLetters(token) ?? encoder.encode(token));
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return [lenient.decode(bytes)];
}

/** A byte as a token, `<0x0A>`. The library reads its digits as Rust reads numbers, which may have a plus. */
const byteToken = /^<0x([0-9A-Fa-f]{2}|\+[0-9A-Fa-f])>$/;

/** Makes a text of bytes that follow each other; one U+FFFD of each byte if they are none. */
function textOfBytes(bytes: readonly number[]): string[] {
  try {
    return [strict.decode(Uint8Array.from(bytes))];
  } catch {
    return bytes.map(() => '\ufffd');
  }
}

/** Joins tokens that are bytes and follow each other. */
export function fromByteTokens(tokens: readonly string[]): string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const endBytes = () => {
    if (bytes.length > 0) texts.push(...textOfBytes(bytes));
    bytes = [];
  };
  for (const token of tokens) {
    const byte = byteToken.exec(token);
    if (byte !== null) {
      bytes.push(Number.parseInt(byte[1], 16));
    } else {
      endBytes();
      texts.push(token);
    }
  }
  endBytes();
  return texts;
}
