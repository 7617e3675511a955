import { unitsAt } from './character-table.ts';
import { CODE_POINTS, readNumbers } from './code-points.ts';
import { graphemeKinds } from './further-tables.ts';
import { GRAPHEME_KINDS, type GraphemeKind } from './kinds.ts';

let kinds: Uint8Array | undefined;

function readKinds(): Uint8Array {
  const read = new Uint8Array(CODE_POINTS);
  const numbers = readNumbers(graphemeKinds);
  let at = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    read.fill(numbers[i], at, at + numbers[i + 1]);
    at += numbers[i + 1];
  }
  return read;
}

const number = (kind: GraphemeKind) => GRAPHEME_KINDS.indexOf(kind);
const [CONTROL, EXTEND, NONJOINER, SPACING] = [
  number('control'),
  number('extend'),
  number('nonjoiner'),
  number('spacing'),
];
const [LINKER, PREPEND, PICTOGRAPH, CONSONANT] = [
  number('linker'),
  number('prepend'),
  number('pictograph'),
  number('consonant'),
];
const JOINER = 0x200d;

const isLeading = (c: number) => (c >= 0x1100 && c < 0x1160) || (c >= 0xa960 && c <= 0xa97c);
const isVowel = (c: number) => (c >= 0x1160 && c < 0x11a8) || (c >= 0xd7b0 && c <= 0xd7c6);
const isTrailing = (c: number) => (c >= 0x11a8 && c < 0x1200) || (c >= 0xd7cb && c <= 0xd7fb);
const isSyllable = (c: number) => c >= 0xac00 && c <= 0xd7a3;
const endsInVowel = (c: number) => isVowel(c) || (isSyllable(c) && (c - 0xac00) % 28 === 0);

/** Returns whether two characters are joined as parts of a syllable of Hangul. */
function joinsHangul(left: number, right: number): boolean {
  if (right < 0x1100 || right > 0xd7fb) return false;
  if (isLeading(left)) return isLeading(right) || isVowel(right) || isSyllable(right);
  return (
    (endsInVowel(left) && (isVowel(right) || isTrailing(right))) ||
    ((isTrailing(left) || isSyllable(left)) && isTrailing(right))
  );
}

/**
 * Returns where the grapheme that begins at a place of a text ends: the extended grapheme clusters of Unicode 17, but that
 * the letters of flags are not joined in pairs.
 *
 * Source: Unicode Standard Annex 29, rules GB3 to GB11.
 */
export function graphemeEnd(text: string, from: number): number {
  kinds ??= readKinds();
  let left = text.codePointAt(from)!;
  let leftKind = kinds[left];
  let at = from + unitsAt(text, from);
  /** Whether all since a pictograph extends it, and no more than the last is a joiner. */
  let extendsPictograph = leftKind === PICTOGRAPH;
  /** Whether all since a consonant may stand between joined ones, and whether a linker is among it. */
  let extendsConsonant = leftKind === CONSONANT;
  let isLinked = false;
  while (at < text.length) {
    const right = text.codePointAt(at)!;
    const rightKind = kinds[right];
    const isExtending = rightKind === EXTEND || rightKind === NONJOINER || rightKind === LINKER;
    if (leftKind === CONTROL || rightKind === CONTROL) {
      if (left !== 0xd || right !== 0xa) break;
    } else {
      const isJoined =
        isExtending ||
        rightKind === SPACING ||
        leftKind === PREPEND ||
        (rightKind === PICTOGRAPH && extendsPictograph && left === JOINER) ||
        (rightKind === CONSONANT && extendsConsonant && isLinked) ||
        joinsHangul(left, right);
      if (!isJoined) break;
    }
    extendsPictograph = rightKind === PICTOGRAPH || (extendsPictograph && isExtending && left !== JOINER);
    extendsConsonant = rightKind === CONSONANT || (extendsConsonant && (rightKind === EXTEND || rightKind === LINKER));
    isLinked = rightKind === LINKER || (isLinked && rightKind === EXTEND);
    left = right;
    leftKind = rightKind;
    at += unitsAt(text, at);
  }
  return at;
}
