import fc from 'fast-check';

const WHITE_SPACE = [...'\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2003\u200a\u2028\u2029\u202f\u205f\u3000'];
/** What looks like a token of some tokenizer, or is one. */
export const TOKEN_TEXTS = [
  '[SEP]',
  '[CLS]',
  '[UNK]',
  '<mask>',
  '<s>',
  '</s>',
  '<unk>',
  '▁',
  'Ġ',
  '##',
  '</w>',
  '<0xE2>',
  '<0x0A>',
  '[sep]',
];
const LETTERS = [...'abcdeABC019.,!?\'"-_$%()'];
const WORDS = [
  'the',
  'quick',
  "don't",
  "I'll",
  'THE',
  'naïve',
  'Straße',
  'ΣΊΣΥΦΟΣ',
  'İI',
  'ﬁ½①',
  '日本語',
  'カタカナ',
  '한국어',
  'नमस्ते',
  'สวัสดี',
  'مرحبا',
  'שלום',
  'Привет',
];
const CLUSTERS = [
  '👩‍👩‍👧',
  '👍🏽',
  '🇩🇪🇫',
  '1️⃣',
  'e\u0301',
  'q\u0323\u0307',
  '각',
  '\u1100\u1161\u11a8',
  '\r\n',
  'क्षि',
  'Å',
  'ǰ',
  '\ufb2c',
  '𝔾',
  '𠀀',
  '\u0344',
];
const CONTROLS = [
  ...'\u0000\u0001\u0007\u001b\u007f\u0080\u008f\u009f\u00ad\u0600\u061c\u200b\u200c\u200d\u200e\u202e\u2060\ufeff\ufffd\ufffe\ufff9\u{e0001}\u{10ffff}',
];
const between = (min: number, max: number) =>
  fc.integer({ min, max }).map((codePoint) => String.fromCodePoint(codePoint));

/** Any character, and some that stand for their kind more often than there are such. */
const anyCharacter = fc.oneof(
  between(0, 0xd7ff),
  between(0xe000, 0xffff),
  between(0x10000, 0x10ffff),
  between(0xa0, 0x24f),
  between(0x300, 0x36f),
  between(0x370, 0x6ff),
  between(0x900, 0xdff),
  between(0x1100, 0x11ff),
  between(0xac00, 0xd7a3),
  between(0x1e00, 0x1fff),
  between(0x2000, 0x2bff),
  between(0x3000, 0x30ff),
  between(0x3400, 0x9fff),
  between(0xf900, 0xfaff),
  between(0xfb00, 0xffff),
  between(0x1d000, 0x1d7ff),
  between(0x1e900, 0x1ffff),
  between(0x20000, 0x2fa1f),
  between(0xd800, 0xdfff),
);

/** A text of Unicode: all planes, and what tokenizers treat differently. @param tokens that it may have in it */
export function textWith(tokens: readonly string[]): fc.Arbitrary<string> {
  const part = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...LETTERS) },
    { weight: 5, arbitrary: fc.constantFrom(' ', ' ', ' ', '  ', ...WHITE_SPACE) },
    { weight: 4, arbitrary: fc.constantFrom(...WORDS) },
    { weight: 3, arbitrary: fc.constantFrom(...CLUSTERS) },
    { weight: 3, arbitrary: fc.constantFrom(...TOKEN_TEXTS, ...tokens) },
    { weight: 1, arbitrary: fc.constantFrom(...CONTROLS) },
    { weight: 3, arbitrary: anyCharacter },
  );
  return fc.array(part, { maxLength: 24, size: 'max' }).map((parts) => parts.join(''));
}
