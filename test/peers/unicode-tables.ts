/**
 * Writes src/text/unicode/tables.ts and further-tables.ts: what the Rust library, the npm package `tokenizers` in this
 * folder, knows of each code point. Run after `npm ci --prefix test/peers`, in a Node.js of Unicode 17 or later:
 * `node test/peers/unicode-tables.ts`.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { CODE_POINTS } from '../../src/text/unicode/code-points.ts';
import { ALTERNATING, CATEGORIES, GRAPHEME_KINDS, type GraphemeKind } from '../../src/text/unicode/kinds.ts';
import { charsmapOf } from '../support/charsmap.ts';
import { writtenNumbers } from '../support/written-numbers.ts';

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
  return writtenNumbers(lengths);
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
  return writtenNumbers(numbers);
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

/** Runs of code points with a letter in lower case: gap, twice their number plus whether every other one, distance. */
function writtenLowercase(): string {
  const lower = normalizer({ type: 'Lowercase' });
  const numbers: number[] = [];
  const distances = new Map<number, number>();
  for (const codePoint of codePoints) {
    const [letter, ...more] = lower(String.fromCodePoint(codePoint));
    if (more.length === 0) distances.set(codePoint, letter.codePointAt(0)! - codePoint);
  }
  const differs = (codePoint: number) => (distances.get(codePoint) ?? 0) !== 0;
  let last = 0;
  for (let codePoint = 0; codePoint < CODE_POINTS; codePoint++) {
    if (!differs(codePoint)) continue;
    const distance = distances.get(codePoint)!;
    const step = distances.get(codePoint + 1) === distance || distances.get(codePoint + 2) !== distance ? 1 : 2;
    let count = 1;
    const isSame = (next: number) => distances.get(next) === distance && (step === 1 || !differs(next - 1));
    while (isSame(codePoint + count * step)) count++;
    numbers.push(codePoint - last, 2 * count + step - 1, 2 * Math.abs(distance) + (distance < 0 ? 1 : 0));
    codePoint += (count - 1) * step;
    last = codePoint + 1;
  }
  return writtenNumbers(numbers);
}

const decomposed = normalizer({ type: 'NFD' });
const compatible = normalizer({ type: 'NFKD' });
const composed = normalizer({ type: 'NFC' });

/** Whether two characters change places in a decomposition. */
function swaps(decompose: (text: string) => string, first: string, second: string): boolean {
  return first !== second && decompose(`${first}${second}`) === `${second}${first}`;
}
const LOWEST = '\u0334';
const HIGHEST = '\u0345';
const isOrdered = (decompose: (text: string) => string) => (character: string) =>
  decompose(character) === character &&
  (swaps(decompose, character, LOWEST) || swaps(decompose, HIGHEST, character) || /^[\u0334\u0345]$/.test(character));

/** Runs of marks: gap, number, rank among the combining classes, from 1. */
function writtenRanks(marks: ReadonlySet<number>): string {
  const ofRank: string[] = [];
  for (const mark of marks) {
    const character = String.fromCodePoint(mark);
    const equals = (other: string) => !swaps(decomposed, character, other) && !swaps(decomposed, other, character);
    if (!ofRank.some(equals)) ofRank.push(character);
  }
  ofRank.sort((a, b) => (swaps(decomposed, a, b) ? 1 : swaps(decomposed, b, a) ? -1 : 0));
  const rank = (codePoint: number) => {
    if (!marks.has(codePoint)) return 0;
    const character = String.fromCodePoint(codePoint);
    return 1 + ofRank.findIndex((o) => !swaps(decomposed, character, o) && !swaps(decomposed, o, character));
  };
  const numbers: number[] = [];
  let last = 0;
  for (const mark of marks) {
    if (mark < last) continue;
    let count = 1;
    while (rank(mark + count) === rank(mark)) count++;
    numbers.push(mark - last, count, rank(mark));
    last = mark + count;
  }
  return writtenNumbers(numbers);
}

/** The characters that take part in normalization in this engine, which is to be a newer one than the library, alone. */
function unknownInNormalization(): Set<number> {
  const known = new Set(codePoints.flatMap((codePoint) => partsOf(decomposed, codePoint)));
  const unknown = new Set<number>();
  const byEngine = (text: string) => text.normalize('NFD');
  const isMarkOfEngine = isOrdered(byEngine);
  for (const codePoint of codePoints) {
    const character = String.fromCodePoint(codePoint);
    const parts = partsOf(byEngine, codePoint);
    if (byEngine(character) !== decomposed(character)) for (const part of parts) unknown.add(part);
    if (character.normalize('NFKD') !== compatible(character)) unknown.add(codePoint);
    if (isMarkOfEngine(character) !== marks.has(codePoint)) unknown.add(codePoint);
  }
  for (const part of known) unknown.delete(part);
  return unknown;
}

/** The code points that one is decomposed to, with itself; none when it is not decomposed. */
function partsOf(decompose: (text: string) => string, codePoint: number): number[] {
  const character = String.fromCodePoint(codePoint);
  const parts = decompose(character);
  return parts === character ? [] : [codePoint, ...[...parts].map((part) => part.codePointAt(0)!)];
}

/** The starters that compose with the character before, but for those of Hangul. */
function composingStarters(marks: ReadonlySet<number>): Set<number> {
  const starters = new Set<number>();
  for (const codePoint of codePoints) {
    const character = String.fromCodePoint(codePoint);
    if (decomposed(character) === character || composed(character) !== character) continue;
    const last = [...decomposed(character)].at(-1)!.codePointAt(0)!;
    if (!marks.has(last) && (codePoint < 0xac00 || codePoint > 0xd7a3)) starters.add(last);
  }
  return starters;
}

/** Runs of code points by how they join graphemes: kind, length. A charsmap shows whether characters are joined. */
function writtenGraphemes(): string {
  const mapped = (characters: Iterable<string>) =>
    normalizer({
      type: 'Precompiled',
      precompiled_charsmap: charsmapOf([...characters].map((character) => [character, 'Z'])),
    });
  const ofLetter = mapped('a');
  const ofAccent = mapped('\u0301');
  const ofConsonant = mapped('\u0915');
  const ofSign = mapped('\u2122');
  const upTo = (end: number) =>
    mapped(codePoints.filter((c) => c > 0x7f && c < end && c !== 0x301).map((c) => String.fromCodePoint(c)));
  const ofAny = upTo(0x20000);
  const ofBmp = upTo(0x10000);
  const kindOf = (codePoint: number): GraphemeKind => {
    const character = String.fromCodePoint(codePoint);
    const isIn = (end: number) => codePoint > 0x7f && codePoint < end;
    if (ofAccent(`${character}\u0301\u0301`).split('Z').length === 2) return 'control';
    if (ofLetter(`a${character}`) === 'Z') {
      if (ofConsonant(`\u0915${character}\u0915\u0301`).endsWith('\u0301')) return 'linker';
      if (ofConsonant(`\u0915\u094d${character}\u0915\u0301`).endsWith('\u0301')) return 'extend';
      return ofSign(`\xa9${character}\u200d\u2122\u0301`).endsWith('\u0301') ? 'nonjoiner' : 'spacing';
    }
    if (isIn(0x20000) && ofAny(`${character}a`) === 'Z') return 'prepend';
    if (ofSign(`${character}\u200d\u2122\u0301`).endsWith('\u0301')) return 'pictograph';
    // One of four bytes is not looked up with a mark; whether it is joined makes no difference.
    if (isIn(0x10000) && ofBmp(`\u0915\u094d${character}\u0301`).endsWith('\u0301')) return 'consonant';
    return 'other';
  };
  const numbers: number[] = [];
  let last = -1;
  for (let codePoint = 0; codePoint < CODE_POINTS; codePoint++) {
    // Surrogates are in no text of the library.
    const isSurrogate = codePoint >= 0xd800 && codePoint < 0xe000;
    const kind = isSurrogate ? 0 : GRAPHEME_KINDS.indexOf(kindOf(codePoint));
    if (kind === last) numbers[numbers.length - 1]++;
    else numbers.push(kind, 1);
    last = kind;
  }
  return writtenNumbers(numbers);
}

const marks = only(isOrdered(decomposed));

/** Those of BERT's tokenizers. */
const tables = {
  unassignedCodePoints: ['What is not assigned (of Oniguruma).', writtenSet(matched('\\p{Cn}'))],
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
  lowercaseLetters: ["Of Rust's standard library: gap, 2 x number + step - 1, distance.", writtenLowercase()],
  combiningRanks: [
    'Of `unicode-normalization-alignments`: gap, number, rank of a combining class.',
    writtenRanks(marks),
  ],
  composingStarters: ['Starters that compose with the character before.', writtenSet(composingStarters(marks))],
  unknownInNormalization: [
    'What is assigned in Unicode 17 and takes part in normalization, but not in the library.',
    writtenSet(unknownInNormalization()),
  ],
};

const furtherTables = {
  generalCategories: ['The general categories (of Oniguruma): number, length.', writtenCategories()],
  numericCharacters: [
    "Of Rust's standard library: numerals.",
    writtenSet(only((character) => digits(`a${character}b`).length === 3)),
  ],
  graphemeKinds: ['Of `unicode-segmentation`: kind, length.', writtenGraphemes()],
};

function write(file: string, contents: Readonly<Record<string, readonly string[]>>): void {
  const lines = ['/** What the Rust library knows of characters. Written by test/peers/unicode-tables.ts. */', ''];
  for (const [name, [description, table]] of Object.entries(contents)) {
    const parts = table.match(/.{1,100}/g) ?? [''];
    lines.push(`/** ${description} */`);
    if (parts.length === 1) lines.push(`export const ${name} = '${table}';`, '');
    else lines.push(`export const ${name} =`, ...parts.map((part, i) => `  '${part}'${parts[i + 1] ? ' +' : ';'}`), '');
  }
  writeFileSync(join(import.meta.dirname, '../../src/text/unicode', file), lines.slice(0, -1).join('\n').concat('\n'));
}

write('tables.ts', tables);
write('further-tables.ts', furtherTables);
