/** What the numbers in the tables stand for. */

const CONTROL_AND_LETTERS = ['Cn', 'Cc', 'Cf', 'Cs', 'Co', 'Lu', 'Ll', 'Lt', 'Lm', 'Lo'] as const;
const MARKS_AND_NUMBERS = ['Mn', 'Mc', 'Me', 'Nd', 'Nl', 'No'] as const;
const SIGNS_AND_SPACES = ['Pc', 'Pd', 'Ps', 'Pe', 'Pi', 'Pf', 'Po', 'Sm', 'Sc', 'Sk', 'So', 'Zs', 'Zl', 'Zp'] as const;

/** The general categories. */
export const CATEGORIES = [...CONTROL_AND_LETTERS, ...MARKS_AND_NUMBERS, ...SIGNS_AND_SPACES];
/** A run in which capitals and small letters take turns, a capital first. */
export const ALTERNATING = CATEGORIES.length;

/** How a character joins others into a grapheme, beyond Hangul and line ends. */
export const GRAPHEME_KINDS = [
  'other',
  'control',
  'extend',
  /** Extends as `extend` does, but does not stand between joined consonants. */
  'nonjoiner',
  'spacing',
  'linker',
  'prepend',
  'pictograph',
  'consonant',
] as const;
export type GraphemeKind = (typeof GRAPHEME_KINDS)[number];
