/**
 * Decomposition and composition of characters as the Rust library's older Unicode knows them. What is the same in all versions
 * comes from the engine's own `normalize`: once assigned, characters keep their decompositions for ever.
 */
import { unassigned } from './character-classes.ts';
import { CodePointSet, readNumbers } from './code-points.ts';
import { combiningRanks, composingStarters, unknownInNormalization } from './tables.ts';

export type NormalizationForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

let unknown: CodePointSet | undefined;

/** Returns whether the library takes a character for one that normalization leaves alone, whatever the engine does. */
function isUnknown(codePoint: number): boolean {
  unknown ??= CodePointSet.read(unknownInNormalization).union(unassigned);
  return unknown.has(codePoint);
}

/** The first code point after the last mark that has a rank. */
const RANKS_END = 0x20000;
let ranks: Uint8Array | undefined;

function readRanks(): Uint8Array {
  const read = new Uint8Array(RANKS_END);
  const numbers = readNumbers(combiningRanks);
  let at = 0;
  for (let i = 0; i < numbers.length; i += 3) {
    at += numbers[i];
    read.fill(numbers[i + 2], at, at + numbers[i + 1]);
    at += numbers[i + 1];
  }
  return read;
}

/** Returns the rank of a mark among combining classes, by which the marks after a character are put in order; else 0. */
export function combiningRank(codePoint: number): number {
  if (codePoint < 0x300 || codePoint >= RANKS_END) return 0;
  ranks ??= readRanks();
  return ranks[codePoint];
}

type Decompositions = Map<number, readonly number[] | null>;
const decompositions: Record<'NFD' | 'NFKD', Decompositions> = { NFD: new Map(), NFKD: new Map() };

/** Returns the characters that one stands for, or null when it stands for itself. */
export function decomposition(codePoint: number, form: NormalizationForm): readonly number[] | null {
  const decomposed = form === 'NFD' || form === 'NFC' ? 'NFD' : 'NFKD';
  const known = decompositions[decomposed].get(codePoint);
  if (known !== undefined) return known;
  const character = String.fromCodePoint(codePoint);
  const parts = character.normalize(decomposed);
  const result = parts === character || isUnknown(codePoint) ? null : [...parts].map((part) => part.codePointAt(0)!);
  decompositions[decomposed].set(codePoint, result);
  return result;
}

const starters = CodePointSet.read(composingStarters);
/** The vowels and final consonants of Hangul that compose. */
const isLaterJamo = (codePoint: number) =>
  (codePoint >= 0x1161 && codePoint <= 0x1175) || (codePoint > 0x11a7 && codePoint <= 0x11c2);

/** Returns the character that two compose to, or undefined. */
export function composition(first: number, second: number): number | undefined {
  if (second < 0x300) return undefined;
  if (combiningRank(second) === 0 && !isLaterJamo(second) && !starters.has(second)) return undefined;
  const composed = String.fromCodePoint(first, second).normalize('NFC');
  const codePoint = composed.codePointAt(0)!;
  const isOne = composed.length === (codePoint > 0xffff ? 2 : 1);
  return isOne && !isUnknown(codePoint) && !isUnknown(first) && !isUnknown(second) ? codePoint : undefined;
}
