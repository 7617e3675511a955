import { readNumbers } from './code-points.ts';
import { lowercaseLetters } from './tables.ts';

let pairs: Map<number, number> | undefined;

/** The capital letters and the small one of each, but for the capital I with a dot, which becomes two characters. */
export function lowercasePairs(): ReadonlyMap<number, number> {
  if (pairs !== undefined) return pairs;
  pairs = new Map();
  const numbers = readNumbers(lowercaseLetters);
  let at = 0;
  for (let i = 0; i < numbers.length; i += 3) {
    const [gap, length, distance] = numbers.slice(i, i + 3);
    const step = 1 + (length & 1);
    const difference = (distance & 1) === 0 ? distance >> 1 : -(distance >> 1);
    at += gap;
    for (let count = length >> 1; count > 0; count--, at += step) pairs.set(at, at + difference);
    at -= step - 1;
  }
  return pairs;
}

/** Returns what one character is in lower case in Unicode 17, but for the capital I with a dot. */
export function lowercaseLetter(character: string): string {
  const small = lowercasePairs().get(character.codePointAt(0)!);
  return small === undefined ? character : String.fromCodePoint(small);
}
