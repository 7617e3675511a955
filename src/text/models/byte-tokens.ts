import { eachByte } from './utf8.ts';
import type { Vocabulary } from './vocabulary.ts';

const nameOf = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/** Calls `take` with the id of the token for each byte of a text; if one has none, with no id. Returns whether all have one. */
export type ByteTokens = (text: string, take: (id: number) => void) => boolean;

/** Returns what finds the tokens for the bytes of a text (UTF-8). */
export function byteTokens(vocabulary: Vocabulary): ByteTokens {
  const ids = Array.from({ length: 256 }, (_, byte) => vocabulary.idOf(nameOf(byte)));
  const areAll = !ids.includes(undefined);
  return (text, take) => {
    let isFound = true;
    if (!areAll) eachByte(text, (byte) => (isFound &&= ids[byte] !== undefined));
    if (isFound) eachByte(text, (byte) => take(ids[byte]!));
    return isFound;
  };
}

/** The same for a model that has none. */
export const noByteTokens: ByteTokens = () => false;
