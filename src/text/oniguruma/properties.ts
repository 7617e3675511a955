import type { Options } from './options.ts';

/** Sets of characters by the names that Oniguruma has for them, as classes of JavaScript's `v` mode. */

const ALPHABETIC = '\\p{Alphabetic}';
const WORD = `[${ALPHABETIC}\\p{M}\\p{Nd}\\p{Pc}]`;
const SPACE = '\\p{White_Space}';
const SYMBOLS = '[$+<=>\\^`\\|~]';

/** A set in Unicode, and among the first 128 characters. */
type Both = readonly [unicode: string, ascii: string];

const posix: Readonly<Record<string, Both>> = {
  alnum: [`[${ALPHABETIC}\\p{Nd}]`, '[0-9A-Za-z]'],
  alpha: [ALPHABETIC, '[A-Za-z]'],
  ascii: ['[\\x00-\\x7f]', '[\\x00-\\x7f]'],
  blank: ['[\\p{Zs}\\t]', '[ \\t]'],
  cntrl: ['\\p{Cc}', '[\\x00-\\x1f\\x7f]'],
  digit: ['\\p{Nd}', '[0-9]'],
  graph: [`[^${SPACE}\\p{Cc}\\p{Cn}\\p{Cs}]`, '[!-\\x7e]'],
  lower: ['\\p{Lowercase}', '[a-z]'],
  print: ['[^\\p{Cc}\\p{Cn}\\p{Cs}\\p{Zl}\\p{Zp}]', '[ -\\x7e]'],
  punct: ['[\\p{P}\\p{S}]', '[!-\\/:-@\\[-`\\{-~]'],
  space: [SPACE, '[\\t-\\r ]'],
  upper: ['\\p{Uppercase}', '[A-Z]'],
  xdigit: ['[0-9A-Fa-f]', '[0-9A-Fa-f]'],
  word: [WORD, '[0-9A-Z_a-z]'],
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
  return posix[name][isAscii ? 1 : 0];
}

/**
 * What `\w` and `\b` take for a letter outside of classes. They ask a table of Latin-1 for the characters below U+0100, in
 * which raised digits and fractions are letters; a class does not.
 */
export const wordSet = (options: Options): string =>
  options.hasAsciiWords || options.hasAsciiPosix ? posix.word[1] : `[${WORD}²³¹¼½¾]`;

/** The short names of properties whose letters are not a capital and small ones. */
const short =
  'LC AHex CI CWCF CWCM CWL CWT CWU EBase EComp EMod EPres ExtPict IDC IDS IDSB IDST LOE NChar QMark RI SD STerm UIdeo VS XIDC XIDS DI ASCII ASCII_Hex_Digit ID_Start ID_Continue XID_Start XID_Continue IDS_Binary_Operator IDS_Trinary_Operator Join_C Pat_Syn Pat_WS Gr_Base Gr_Ext'.split(
    ' ',
  );
const simplified = (name: string): string => name.replace(/[ _-]/g, '').toLowerCase();
const shortNames = new Map(short.map((name) => [simplified(name), name]));
shortNames.set('whitespace', 'White_Space').set('wspace', 'White_Space').set('combiningmark', 'M').set('other', 'C');

/** Returns the set of a name in `\p{name}`, undefined for an unknown one. @param isInClass whether it is in brackets */
export function propertySet(name: string, options: Options, isInClass: boolean): string | undefined {
  const key = simplified(name);
  if (key === 'word' && !isInClass) return wordSet(options);
  if (key === 'punct' && !options.hasAsciiPosix) return '\\p{P}';
  if (key === 'posixpunct') return options.hasAsciiPosix ? posix.punct[1] : `[\\p{P}${SYMBOLS}]`;
  return posixSet(key, options) ?? knownSet(key, name);
}

/** The set of a property that JavaScript knows: a category or another property, or a script. */
function knownSet(key: string, name: string): string | undefined {
  const words = name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').split(/[ _-]+/);
  const spelled = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase()).join('_');
  const candidates = [shortNames.get(key) ?? spelled, `Script=${spelled}`];
  const known = candidates.find(isKnown);
  return known === undefined ? undefined : `\\p{${known}}`;
}

function isKnown(property: string): boolean {
  try {
    return new RegExp(`\\p{${property}}`, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}
