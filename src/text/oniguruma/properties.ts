import { whiteSpace } from '../unicode/character-classes.ts';
import { categorySet } from '../unicode/general-category.ts';
import { onigurumaWordCharacters } from '../unicode/word-characters.ts';
import type { Options } from './options.ts';

/**
 * Sets of characters by the names that Oniguruma has for them, as classes of JavaScript's `v` mode. Its tables are of
 * Unicode 16: categories are written out; of other properties, what JavaScript knows is left without later characters.
 */

const sources = new Map<string, string>();

/** The class of a general category, such as `Lu` or `L`; undefined when there is none of that name. */
function category(name: string): string | undefined {
  const set = sources.has(name) ? undefined : categorySet(name);
  if (set !== undefined) sources.set(name, `[${set.source}]`);
  return sources.get(name);
}

const categories = (...names: readonly string[]): string => names.map((name) => category(name)).join('');

/** The characters of a class that Unicode 16 has. */
const inUnicode16 = (set: string): string => `[${set}--${category('Cn')}]`;

const RAISED_AND_FRACTIONS = '[²³¹¼½¾]';
const SPACE = `[${whiteSpace.source}]`;
const SYMBOLS = '[$+<=>\\^`\\|~]';
const alphabetic = (): string => inUnicode16(`[\\p{Alphabetic}${categories('L', 'Nl')}]`);
const words = (): string => `[${onigurumaWordCharacters().source}]`;

/** A set in Unicode, and among the first 128 characters. */
type Both = readonly [unicode: string, ascii: string];

const posix: Readonly<Record<string, () => Both>> = {
  alnum: () => [`[${alphabetic()}${category('Nd')}]`, '[0-9A-Za-z]'],
  alpha: () => [alphabetic(), '[A-Za-z]'],
  ascii: () => ['[\\x00-\\x7f]', '[\\x00-\\x7f]'],
  blank: () => [`[${category('Zs')}\\t]`, '[ \\t]'],
  cntrl: () => [category('Cc')!, '[\\x00-\\x1f\\x7f]'],
  digit: () => [category('Nd')!, '[0-9]'],
  graph: () => [`[^${SPACE}${categories('Cc', 'Cn', 'Cs')}]`, '[!-\\x7e]'],
  lower: () => [inUnicode16(`[\\p{Lowercase}${category('Ll')}]`), '[a-z]'],
  print: () => [`[^${categories('Cc', 'Cn', 'Cs', 'Zl', 'Zp')}]`, '[ -\\x7e]'],
  punct: () => [`[${categories('P', 'S')}]`, '[!-\\/:-@\\[-`\\{-~]'],
  space: () => [SPACE, '[\\t-\\r ]'],
  upper: () => [inUnicode16(`[\\p{Uppercase}${category('Lu')}]`), '[A-Z]'],
  xdigit: () => ['[0-9A-Fa-f]', '[0-9A-Fa-f]'],
  word: () => [`[${words()}--${RAISED_AND_FRACTIONS}]`, '[0-9A-Z_a-z]'],
};

const asciiOption: Readonly<Record<string, keyof Options>> = {
  word: 'hasAsciiWords',
  digit: 'hasAsciiDigits',
  space: 'hasAsciiSpaces',
};

/** Returns the set of a name in `[[:name:]]`, undefined for an unknown one. */
export function posixSet(name: string, options: Options): string | undefined {
  if (!Object.hasOwn(posix, name)) return undefined;
  const isAscii = options.hasAsciiPosix || (asciiOption[name] !== undefined && options[asciiOption[name]]);
  return posix[name]()[isAscii ? 1 : 0];
}

/**
 * What `\w` and `\b` take for a letter outside of classes. They ask a table of Latin-1 for the characters below U+0100, in
 * which raised digits and fractions are letters; a class does not.
 */
export const wordSet = (options: Options): string =>
  options.hasAsciiWords || options.hasAsciiPosix ? '[0-9A-Z_a-z]' : words();

/** The names of properties that are not written as a capital and small letters, or as such words. */
const SPECIAL =
  'AHex ASCII ASCII_Hex_Digit CI CWCF CWCM CWL CWT CWU DI EBase EComp EMod EPres ExtPict Gr_Base Gr_Ext ID_Continue ' +
  'ID_Start IDC IDS IDS_Binary_Operator IDS_Trinary_Operator IDSB IDST Join_C LOE NChar Pat_Syn Pat_WS QMark RI SD ' +
  'STerm UIdeo VS White_Space XID_Continue XID_Start XIDC XIDS';

const CATEGORY_NAMES: Readonly<Record<string, string>> = {
  letter: 'L',
  uppercaseletter: 'Lu',
  lowercaseletter: 'Ll',
  titlecaseletter: 'Lt',
  casedletter: 'LC',
  lc: 'LC',
  modifierletter: 'Lm',
  otherletter: 'Lo',
  mark: 'M',
  combiningmark: 'M',
  nonspacingmark: 'Mn',
  spacingmark: 'Mc',
  enclosingmark: 'Me',
  number: 'N',
  decimalnumber: 'Nd',
  letternumber: 'Nl',
  othernumber: 'No',
  punctuation: 'P',
  connectorpunctuation: 'Pc',
  dashpunctuation: 'Pd',
  openpunctuation: 'Ps',
  closepunctuation: 'Pe',
  initialpunctuation: 'Pi',
  finalpunctuation: 'Pf',
  otherpunctuation: 'Po',
  symbol: 'S',
  mathsymbol: 'Sm',
  currencysymbol: 'Sc',
  modifiersymbol: 'Sk',
  othersymbol: 'So',
  separator: 'Z',
  spaceseparator: 'Zs',
  lineseparator: 'Zl',
  paragraphseparator: 'Zp',
  other: 'C',
  control: 'Cc',
  format: 'Cf',
  surrogate: 'Cs',
  privateuse: 'Co',
  unassigned: 'Cn',
};

const simplified = (name: string): string => name.replace(/[ _-]/g, '').toLowerCase();
const capitalized = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1).toLowerCase();
const specialNames = new Map(SPECIAL.split(' ').map((name) => [simplified(name), name]));

/** Returns the set of a name in `\p{name}`, undefined for an unknown one. @param isInClass whether it is in brackets */
export function propertySet(name: string, options: Options, isInClass: boolean): string | undefined {
  const key = simplified(name);
  if (key === 'word' && !isInClass) return wordSet(options);
  if (key === 'any') return '[^]';
  if (key === 'assigned') return `[^${category('Cn')}]`;
  if (key === 'whitespace' || key === 'wspace') return SPACE;
  if (key === 'punct' && !options.hasAsciiPosix) return category('P');
  if (key === 'posixpunct') return options.hasAsciiPosix ? posix.punct()[1] : `[${category('P')}${SYMBOLS}]`;
  const set = posixSet(key, options) ?? category(CATEGORY_NAMES[key] ?? capitalized(key));
  return set ?? knownSet(key, name);
}

/** The set of a property or a script that JavaScript knows. */
function knownSet(key: string, name: string): string | undefined {
  const words = name.trim().replace(/(?<=[a-z])(?=[A-Z])/g, '_');
  const spelled = words
    .split(/[ _-]+/)
    .map(capitalized)
    .join('_');
  const candidates = [specialNames.get(key) ?? spelled, `Script=${spelled}`, `Script=${capitalized(key)}`];
  const known = candidates.find(isKnown);
  return known === undefined ? undefined : inUnicode16(`\\p{${known}}`);
}

function isKnown(property: string): boolean {
  try {
    return new RegExp(`\\p{${property}}`, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}
