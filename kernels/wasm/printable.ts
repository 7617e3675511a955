import { COUNT, FIRST, OFFSET, SINGLE } from '../../src/backends/wasm/printable.ts';

const character = (value: number): string => String.fromCharCode(FIRST + value);

/** Writes bytes as printable characters, most of them as one. */
export function encodePrintable(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const value = (byte - OFFSET + 256) % 256;
    const rest = value - SINGLE;
    text += rest < 0 ? character(value) : character(SINGLE + Math.floor(rest / COUNT)) + character(rest % COUNT);
  }
  return text;
}
