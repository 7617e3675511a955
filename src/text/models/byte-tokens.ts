import { utf8Bytes } from './utf8.ts';
import type { Vocabulary } from './vocabulary.ts';

const nameOf = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/** Returns a function that gives the ids of the tokens for the bytes of a text (UTF-8); undefined if one is lacking. */
export function byteTokens(vocabulary: Vocabulary): (text: string) => readonly number[] | undefined {
  const ids = Array.from({ length: 256 }, (_, byte) => vocabulary.idOf(nameOf(byte)));
  return (text) => {
    const found: number[] = [];
    for (const byte of utf8Bytes(text)) {
      const id = ids[byte];
      if (id === undefined) return undefined;
      found.push(id);
    }
    return found;
  };
}
