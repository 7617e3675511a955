/** The white space at which `str.split()` of Python splits. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts five of them as white space, which \s does not
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;
const SPACE_AT_END = new RegExp(`${SPACE.source}$`);

/** The words of a text as `str.split()` of Python gives them. */
export const splitWords = (text: string): string[] => text.split(SPACE).filter((word) => word !== '');

/** The text without white space at its end, as `str.rstrip()` of Python leaves it. */
export const trimEnd = (text: string): string => text.replace(SPACE_AT_END, '');
