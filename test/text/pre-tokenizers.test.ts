import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';
import { parseWith } from '../../src/settings/index.ts';
import { AlignedText } from '../../src/text/aligned-text.ts';
import { componentSchema, makeComponent } from '../../src/text/component.ts';
import { compilePattern } from '../../src/text/pattern.ts';
import { preTokenizers } from '../../src/text/pre-tokenizers/index.ts';
import type { PreTokenizer } from '../../src/text/stages.ts';
import { pieces } from './pieces.ts';

const test = suite('pre-tokenizers');

type Fields = Readonly<Record<string, unknown>>;

function made(fields: Fields): PreTokenizer {
  return makeComponent(preTokenizers, parseWith(componentSchema(preTokenizers), fields, 'the pre-tokenizer'));
}

const cut = (fields: Fields, text: AlignedText) => made(fields)(text).filter((piece) => piece.text !== '');

for (const [i, [fields, text, expected]] of pieces.entries()) {
  test(`${i}: ${fields.type} cuts ${JSON.stringify(text)} as the library does`, () => {
    const found = cut(fields, AlignedText.of(text));
    assert.deepEqual(
      found.map((piece) => [piece.text, piece.startOf(0), piece.endOf(piece.length - 1)]),
      expected,
    );
  });
}

const character = fc.oneof(
  fc.constantFrom(..."  'strvelmda1.\n\t▁"),
  fc.constantFrom('é', '²', '漢', '😀', '\u0085', '\u3000', '\ufeff', '٣', '𝔾', '\ua7ce'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const someText = fc.array(character, { maxLength: 30 }).map((characters) => characters.join(''));

test('the words of GPT-2 are the matches of its expression', () => {
  const expression = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
  const pattern = compilePattern({ Regex: expression });
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
  fc.assert(
    fc.property(someText, (text) => {
      const expected: number[][] = [];
      pattern(text, (start, end) => expected.push([start, end]));
      const found = cut(byteLevel, AlignedText.of(text));
      assert.deepEqual(
        found.map((piece) => [piece.startOf(0), piece.endOf(piece.length - 1)]),
        expected,
      );
    }),
    { numRuns: 2000, seed: 1 },
  );
});

test('a space before a text is that of the text itself, but for the places', () => {
  fc.assert(
    fc.property(someText, fc.boolean(), (text, usesRegex) => {
      const fields = { type: 'ByteLevel', trim_offsets: true, use_regex: usesRegex };
      const spaced = text === '' || text.startsWith(' ') ? text : ` ${text}`;
      assert.deepEqual(
        cut({ ...fields, add_prefix_space: true }, AlignedText.of(text)).map((piece) => piece.text),
        cut({ ...fields, add_prefix_space: false }, AlignedText.of(spaced)).map((piece) => piece.text),
      );
    }),
    { numRuns: 1000, seed: 1 },
  );
});

const isolating: readonly Fields[] = [
  { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: false },
  { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
  { type: 'Metaspace', replacement: '▁' },
  { type: 'Metaspace', replacement: '😀', split: false },
  { type: 'Digits', individual_digits: false },
  { type: 'Punctuation' },
  { type: 'FixedLength', length: 3 },
  ...['Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'].map((behavior) => ({
    type: 'Split',
    pattern: { Regex: '\\w\\s*|' },
    behavior,
    invert: false,
  })),
];

test('what keeps all of a text covers it without gaps, in order, in a changed text too', () => {
  fc.assert(
    fc.property(someText, fc.constantFrom(...isolating), (text, fields) => {
      const starts = Array.from({ length: text.length }, (_, i) => 3 * i);
      const ends = starts.map((start) => start + 3);
      let at = 0;
      for (const piece of cut(fields, AlignedText.placed(text, starts, ends))) {
        assert.ok(piece.startOf(0) <= at && piece.endOf(piece.length - 1) >= at, 'a gap, or a way back');
        at = piece.endOf(piece.length - 1);
      }
      assert.equal(at, 3 * text.length);
    }),
    { numRuns: 2000, seed: 1 },
  );
});

test('a text that does not change is cut without tables of places', () => {
  const text = AlignedText.of('abc');
  for (const fields of isolating.filter(({ type }) => type === 'Digits' || type === 'Punctuation')) {
    assert.equal(made(fields)(text)[0], text);
  }
});

const refused: readonly (readonly [fields: Fields, problem: RegExp])[] = [
  [{ type: 'Metaspace' }, /replacement/],
  [{ type: 'Metaspace', replacement: '▁▁' }, /one character/],
  [{ type: 'Metaspace', replacement: '▁', add_prefix_space: false }, /add_prefix_space/],
  [{ type: 'Split', pattern: { String: ' ' }, behavior: 'removed', invert: false }, /behavior/],
  [{ type: 'Split', pattern: ' ', behavior: 'Removed', invert: false }, /pattern/],
  [{ type: 'Split', pattern: { String: ' ', Regex: 'a' }, behavior: 'Removed', invert: false }, /pattern/],
  [{ type: 'ByteLevel', add_prefix_space: true }, /trim_offsets/],
  [{ type: 'FixedLength', length: 0 }, /length/],
  [{ type: 'Sequence', pretokenizers: [{ type: 'Delimiter' }] }, /Delimiter/],
];

for (const [fields, problem] of refused) {
  test(`${JSON.stringify(fields)} is refused`, () => {
    assert.throws(
      () => made(fields),
      (error) => error instanceof InputError && problem.test(error.message),
    );
  });
}

test('runs of 200,000 characters take no quadratic time', () => {
  const start = performance.now();
  for (const text of ['a', ' ', '!', '漢', '\u0301', ' a', '1'].map((unit) => unit.repeat(200_000))) {
    for (const [fields] of pieces.slice(0, 21)) made(fields)(AlignedText.of(text));
  }
  assert.ok(performance.now() - start < 20_000);
});

test.run();
