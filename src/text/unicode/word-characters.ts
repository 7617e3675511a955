/** The classes of characters that stages beyond BERT's ask for, as the libraries within the Rust library know them. */
import { CodePointSet } from './code-points.ts';
import { numericCharacters } from './further-tables.ts';
import { categorySet } from './general-category.ts';

/** The digits and other numerals of all scripts, in Unicode 17. */
export const numeric = CodePointSet.read(numericCharacters);

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
