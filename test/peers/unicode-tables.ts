/**
 * Writes src/text/unicode/tables.ts: what the Rust library, the npm package `tokenizers` in this folder, knows of each
 * code point. Run after `npm ci --prefix test/peers`: `node test/peers/unicode-tables.ts`.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { CODE_POINTS } from '../../src/text/unicode/code-points.ts';
import { ALTERNATING, CATEGORIES } from '../../src/text/unicode/general-category.ts';

interface Normalizer {
  normalizeString(text: string): string;
}
interface PreTokenizer {
  preTokenizeString(text: string): [string, [number, number]][];
}
interface Library {
  readonly Tokenizer: {
    fromString(definition: string): { getNormalizer(): Normalizer; getPreTokenizer(): PreTokenizer };
  };
}
const { Tokenizer } = createRequire(import.meta.url)('tokenizers') as Library;

const model = { type: 'WordLevel', vocab: { a: 0 }, unk_token: 'a' };
const tokenizer = (stages: object) => Tokenizer.fromString(JSON.stringify({ added_tokens: [], model, ...stages }));

function normalizer(fields: object): (text: string) => string {
  const stage = tokenizer({ normalizer: fields }).getNormalizer();
  return (text) => stage.normalizeString(text);
}

function preTokenizer(fields: object): (text: string) => string[] {
  const stage = tokenizer({ pre_tokenizer: fields }).getPreTokenizer();
  return (text) => stage.preTokenizeString(text).map(([piece]) => piece);
}

const codePoints: number[] = [];
for (let codePoint = 0; codePoint < CODE_POINTS; codePoint++) {
  if (codePoint < 0xd800 || codePoint > 0xdfff) codePoints.push(codePoint);
}
const all = codePoints.map((codePoint) => String.fromCodePoint(codePoint)).join('');
const only = (isIn: (character: string) => boolean) =>
  new Set(codePoints.filter((codePoint) => isIn(String.fromCodePoint(codePoint))));

/** The code points that a pattern of Oniguruma matches. */
function matched(pattern: string): Set<number> {
  const cut = preTokenizer({ type: 'Split', pattern: { Regex: pattern }, behavior: 'Removed', invert: false });
  const rest = new Set(cut(all).flatMap((piece) => [...piece].map((character) => character.codePointAt(0)!)));
  return new Set(codePoints.filter((codePoint) => !rest.has(codePoint)));
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function written(numbers: Iterable<number>): string {
  let text = '';
  for (let number of numbers) {
    for (; number >= 32; number >>= 5) text += DIGITS[(number & 31) + 32];
    text += DIGITS[number];
  }
  return text;
}

function writtenSet(set: ReadonlySet<number>): string {
  const lengths: number[] = [];
  let at = 0;
  let isIn = false;
  for (let codePoint = 0; codePoint <= CODE_POINTS; codePoint++) {
    if (set.has(codePoint) === isIn) continue;
    lengths.push(codePoint - at);
    at = codePoint;
    isIn = !isIn;
  }
  return written(lengths);
}

function writtenCategories(): string {
  const byCodePoint = new Uint8Array(CODE_POINTS);
  CATEGORIES.forEach((name, number) => {
    if (name === 'Cs') byCodePoint.fill(number, 0xd800, 0xe000);
    else for (const codePoint of matched(`\\p{${name}}`)) byCodePoint[codePoint] = number;
  });
  const [capital, small] = [CATEGORIES.indexOf('Lu'), CATEGORIES.indexOf('Ll')];
  const numbers: number[] = [];
  for (let from = 0, to = 0; from < CODE_POINTS; from = to) {
    const category = byCodePoint[from];
    while (byCodePoint[to] === category) to++;
    const sameTo = to;
    if (category === capital && sameTo === from + 1) {
      while (byCodePoint[to] === ((to - from) % 2 === 0 ? capital : small)) to++;
    }
    if (to - from < 4) to = sameTo;
    numbers.push(to > sameTo ? ALTERNATING : category, to - from);
  }
  return written(numbers);
}

const cleaned = normalizer({
  type: 'BertNormalizer',
  clean_text: true,
  handle_chinese_chars: false,
  strip_accents: false,
  lowercase: false,
});
const withoutAccents = normalizer({
  type: 'BertNormalizer',
  clean_text: false,
  handle_chinese_chars: false,
  strip_accents: true,
  lowercase: false,
});
const withoutMarks = normalizer({ type: 'StripAccents' });
const punctuated = preTokenizer({ type: 'Punctuation', behavior: 'Removed' });
const digits = preTokenizer({ type: 'Digits', individual_digits: true });

const tables = {
  generalCategories: ['The general categories (of Oniguruma): number, length.', writtenCategories()],
  bertPunctuation: [
    'Of `unicode_categories`: punctuation, with that of ASCII.',
    writtenSet(only((character) => punctuated(`a${character}b`).join('') === 'ab')),
  ],
  bertRemoved: [
    "Of `unicode_categories`: what BERT's clean-up removes.",
    writtenSet(only((character) => cleaned(character) === '')),
  ],
  nonspacingMarks: [
    'Of `unicode_categories`: marks without a width.',
    writtenSet(only((character) => withoutAccents(character) === '')),
  ],
  combiningMarks: [
    'Of `unicode-normalization-alignments`: marks.',
    writtenSet(only((character) => withoutMarks(character) === '')),
  ],
  numericCharacters: [
    "Of Rust's standard library: numerals.",
    writtenSet(only((character) => digits(`a${character}b`).length === 3)),
  ],
};

const lines = ['/** What the Rust library knows of characters. Written by test/peers/unicode-tables.ts. */', ''];
for (const [name, [description, table]] of Object.entries(tables)) {
  const parts = table.match(/.{1,100}/g) ?? [''];
  lines.push(`/** ${description} */`);
  if (parts.length === 1) lines.push(`export const ${name} = '${table}';`, '');
  else lines.push(`export const ${name} =`, ...parts.map((part, i) => `  '${part}'${parts[i + 1] ? ' +' : ';'}`), '');
}
writeFileSync(
  join(import.meta.dirname, '../../src/text/unicode/tables.ts'),
  lines.slice(0, -1).join('\n').concat('\n'),
);
