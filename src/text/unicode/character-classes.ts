/** The classes of characters that stages of tokenizers ask for, as the libraries within the Rust library know them. */
import { CodePointSet } from './code-points.ts';
import { categorySet } from './general-category.ts';
import { bertPunctuation, bertRemoved, combiningMarks, nonspacingMarks, numericCharacters } from './tables.ts';

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

/** The digits and other numerals of all scripts, in Unicode 17. */
export const numeric = CodePointSet.read(numericCharacters);

/** What BERT's clean-up removes: control characters other than white space, invisible and private ones, and U+FFFD. */
export const removedByBert = CodePointSet.read(bertRemoved);

/** The marks (Mn) of Unicode 8 that BERT removes as accents. */
export const nonspacing = CodePointSet.read(nonspacingMarks);

/** The marks (Mn, Mc, Me) of Unicode 9 that StripAccents removes. */
export const combining = CodePointSet.read(combiningMarks);

/** The letters in circles and squares that are symbols by their category, and yet alphabetic. */
const ALPHABETIC_SYMBOLS = new CodePointSet([
  [0x24b6, 0x24ea],
  [0x1f130, 0x1f14a],
  [0x1f150, 0x1f16a],
  [0x1f170, 0x1f18a],
]);
const SUPERSCRIPTS_AND_FRACTIONS = CodePointSet.of(0xb2, 0xb3, 0xb9, 0xbc, 0xbd, 0xbe);
const JOINERS = CodePointSet.of(0x200c, 0x200d);

const isInWords = () => ALPHABETIC_SYMBOLS.union(...['L', 'M', 'Nd', 'Nl', 'Pc'].map((name) => categorySet(name)!));

let wordOfRegex: CodePointSet | undefined;
let wordOfOniguruma: CodePointSet | undefined;

/** `\w` of Rust's `regex`, by which Whitespace cuts and an added token finds the ends of words. */
export function wordCharacters(): CodePointSet {
  wordOfRegex ??= isInWords().union(JOINERS);
  return wordOfRegex;
}

/** `\w` of Oniguruma, in whose language the patterns of Split and Replace are written. */
export function onigurumaWordCharacters(): CodePointSet {
  wordOfOniguruma ??= isInWords().union(SUPERSCRIPTS_AND_FRACTIONS);
  return wordOfOniguruma;
}

export const isWhitespace = (codePoint: number): boolean => whiteSpace.has(codePoint);
export const isPunctuation = (codePoint: number): boolean => punctuation.has(codePoint);
export const isNumeric = (codePoint: number): boolean => numeric.has(codePoint);
