import { splitWords } from './python-text.ts';

/** The tokenizers of sacreBLEU by name: how a line becomes words. */
export const bleuTokenizers = {
  /** That of WMT, mteval-v13a.pl: ASCII marks stand by themselves, but for a point or comma between digits, an apostrophe, and a hyphen that is not after a digit. */
  '13a': (line: string) => splitWords(marksApart(` ${unescaped(line)} `)),
  /** That of mteval-v14.pl: marks and symbols of all scripts stand by themselves, but for marks between numbers. */
  intl: (line: string) =>
    splitWords(
      line
        .replace(/(\P{N})(\p{P})/gu, '$1 $2 ')
        .replace(/(\p{P})(\P{N})/gu, ' $1 $2')
        .replace(/(\p{S})/gu, ' $1 '),
    ),
  /** Each character is a word. */
  char: (line: string) => splitWords([...line].join(' ')),
  /** White space alone ends words. */
  none: splitWords,
} as const satisfies Readonly<Record<string, (line: string) => string[]>>;

export type BleuTokenizer = keyof typeof bleuTokenizers;

const unescaped = (line: string): string =>
  line
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');

const marksApart = (line: string): string =>
  line
    .replace(/([!-&(-+/:-@[-`{-~])/g, ' $1 ')
    .replace(/([^0-9])([.,])/gu, '$1 $2 ')
    .replace(/([.,])([^0-9])/gu, ' $1 $2')
    .replace(/([0-9])(-)/g, '$1 $2 ');
