/** The classes of characters that stages of BERT's tokenizers ask for, as the libraries within the Rust library know them. */
import { CodePointSet } from './code-points.ts';
import { bertPunctuation, bertRemoved, combiningMarks, nonspacingMarks, unassignedCodePoints } from './tables.ts';

/** Unicode's White_Space: with U+0085 and without U+FEFF, other than JavaScript's `\s`. */
export const whiteSpace = new CodePointSet([
  [0x9, 0xe],
  [0x20, 0x21],
  [0x85, 0x86],
  [0xa0, 0xa1],
  [0x1680, 0x1681],
  [0x2000, 0x200b],
  [0x2028, 0x202a],
  [0x202f, 0x2030],
  [0x205f, 0x2060],
  [0x3000, 0x3001],
]);

/** ASCII's signs that are no letters or digits, and the punctuation of Unicode 8: what BERT takes for punctuation. */
export const punctuation = CodePointSet.read(bertPunctuation);

/** What BERT's clean-up removes: control characters other than white space, invisible and private ones, and U+FFFD. */
export const removedByBert = CodePointSet.read(bertRemoved);

/** The marks (Mn) of Unicode 8 that BERT removes as accents. */
export const nonspacing = CodePointSet.read(nonspacingMarks);

/** The marks (Mn, Mc, Me) of Unicode 9 that StripAccents removes. */
export const combining = CodePointSet.read(combiningMarks);

/** What Unicode 16 has not assigned: the library knows nothing of it, whatever the engine does. */
export const unassigned = CodePointSet.read(unassignedCodePoints);

export const isWhitespace = (codePoint: number): boolean => whiteSpace.has(codePoint);
export const isPunctuation = (codePoint: number): boolean => punctuation.has(codePoint);
