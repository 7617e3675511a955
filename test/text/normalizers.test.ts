import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';
import { parseWith } from '../../src/settings/index.ts';
import { AlignedText } from '../../src/text/aligned-text.ts';
import { componentSchema, makeComponent } from '../../src/text/component.ts';
import { normalizers } from '../../src/text/normalizers/index.ts';
import type { Normalizer } from '../../src/text/stages.ts';
import { charsmapOf } from '../support/charsmap.ts';
import { normalized } from './normalized.ts';

const test = suite('normalizers');

type Fields = Readonly<Record<string, unknown>>;

function made(fields: Fields): Normalizer {
  return makeComponent(normalizers, parseWith(componentSchema(normalizers), fields, 'the normalizer'));
}

const normalize = (fields: Fields, text: string) => made(fields)(AlignedText.of(text));

for (const [i, [fields, text, expected, spans]] of normalized.entries()) {
  test(`${i}: ${fields.type} makes of ${JSON.stringify(text)} what the library does`, () => {
    const result = normalize(fields, text);
    assert.equal(result.text, expected);
    let at = 0;
    const found = [...expected].map((character) => {
      at += character.length;
      return [result.startOf(at - character.length), result.endOf(at - 1)];
    });
    assert.deepEqual(found, spans);
  });
}

const bert = { clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true };
const charsmap = charsmapOf([
  ['a', 'Zz'],
  ['b', ''],
  ['c\u0301', 'c'],
  ['é', 'ee'],
  ['中', ''],
  ['😀', ':)'],
]);
const all: readonly Fields[] = [
  { type: 'BertNormalizer', ...bert },
  { type: 'BertNormalizer', ...bert, strip_accents: true, lowercase: false },
  { type: 'Strip', strip_left: true, strip_right: true },
  ...['StripAccents', 'NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'Nmt', 'ByteLevel'].map((type) => ({ type })),
  { type: 'Precompiled', precompiled_charsmap: charsmap },
  { type: 'Replace', pattern: { Regex: '[a-c]+' }, content: '--' },
  { type: 'Replace', pattern: { String: ' ' }, content: '' },
  { type: 'Prepend', prepend: '▁' },
  { type: 'Sequence', normalizers: [{ type: 'NFD' }, { type: 'StripAccents' }, { type: 'Lowercase' }] },
];

const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...'abcAB ΣςéÉİﬁ①각ㄱ中𠀀😀'),
      fc.constantFrom(
        '\u0301',
        '\u0316',
        '\u0334',
        '\u0345',
        '\u0958',
        '\u1100',
        '\u1161',
        '\u11a8',
        '\u200d',
        '\u0600',
      ),
      fc.constantFrom('\0', '\x01', '\t', '\r', '\n', '\x85', '\xa0', '\u3000', '\ufeff', '\ufffd', '\u{1d15e}'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    { maxLength: 12 },
  )
  .map((characters) => characters.join(''));

test('each unit has a span in the text, and spans do not go back; what is unchanged is the same object', () => {
  for (const fields of all) {
    const normalizer = made(fields);
    fc.assert(
      fc.property(anyText, (text) => {
        const source = AlignedText.of(text);
        const result = normalizer(source);
        if (result.text === text) assert.equal(result, source);
        let last = 0;
        for (let unit = 0; unit < result.length; unit++) {
          const [start, end] = [result.startOf(unit), result.endOf(unit)];
          assert.ok(last <= start && start <= end && end <= text.length, `${fields.type} ${unit}: ${start} to ${end}`);
          last = start;
        }
      }),
      { numRuns: 300, seed: 1 },
    );
  }
});

test('a part of a text is normalized with the places of the whole', () => {
  for (const fields of all) {
    const normalizer = made(fields);
    fc.assert(
      fc.property(anyText, anyText, (before, text) => {
        const alone = normalizer(AlignedText.of(text));
        const part = normalizer(AlignedText.of(before + text).slice(before.length, before.length + text.length));
        assert.equal(part.text, alone.text);
        for (let unit = 0; unit < alone.length; unit++) {
          assert.equal(part.startOf(unit), before.length + alone.startOf(unit));
          assert.equal(part.endOf(unit), before.length + alone.endOf(unit));
        }
      }),
      { numRuns: 100, seed: 1 },
    );
  }
});

/** Characters that were assigned before Unicode 9, which normalization knows, and their neighbours in all engines. */
const oldText = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0x7ff }),
      fc.integer({ min: 0x900, max: 0x17ff }),
      fc.integer({ min: 0x1e00, max: 0x20ff }),
    ),
    {
      maxLength: 30,
    },
  )
  .map((codePoints) => String.fromCodePoint(...codePoints))
  .filter((text) => !/\P{Assigned}|[\u07fd\u0c3c\u0ebb-\u0ebf\u0eba\u1715\u1734]/u.test(text));

test('the forms are those of JavaScript where characters are as old as those that the library knows', () => {
  for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD']) {
    const normalizer = made({ type: form });
    fc.assert(
      fc.property(oldText, (text) => assert.equal(normalizer(AlignedText.of(text)).text, text.normalize(form))),
      { numRuns: 1000, seed: 1 },
    );
  }
});

test('many marks in a row are put in order as a few are', () => {
  const marks = '\u0301\u0316\u0334'.repeat(400);
  const ordered = '\u0334'.repeat(400) + '\u0316'.repeat(400) + '\u0301'.repeat(400);
  assert.equal(normalize({ type: 'NFD' }, `q${marks}`).text, `q${ordered}`);
  assert.equal(normalize({ type: 'NFC' }, `e${marks}`).text, `é${ordered.slice(0, -1)}`);
  const source = AlignedText.of(`q${ordered}`);
  assert.equal(made({ type: 'NFC' })(source), source);
});

test('long runs of a kind take a time that grows with their length', () => {
  const texts = ['a', ' ', '\u0301', '\u0301\u0316\u0334', '\x01', 'Σ', '中', '\u1100\u1161\u11a8', '👩‍', '\u{16ea0}'];
  for (const fields of all) {
    const normalizer = made(fields);
    for (const text of texts) {
      const long = text.repeat(60_000 / text.length);
      const start = performance.now();
      normalizer(AlignedText.of(`e${long}`));
      const time = performance.now() - start;
      // They take a tenth of a second at most, and several seconds when the time grows with the square of the length.
      assert.ok(time < 2000, `${fields.type} of ${JSON.stringify(text)}: ${time} ms`);
    }
  }
});

const nmtNfkc = readFileSync(new URL('../golden/data/tokenizers/nmt_nfkc/charsmap.bin.gz', import.meta.url));

// Source: SentencePieceProcessor.normalize of sentencepiece 0.2.3, with and without remove_extra_whitespaces.
const bySentencePiece: readonly (readonly [text: string, without: string, withAll: string])[] = [
  ['  a  b ▁ ', '▁a▁b', '▁▁▁a▁▁b▁▁▁'],
  ['e\u0301\u0323 ﬁ\u0301', '▁é\u0323▁fi\u0301', '▁é\u0323▁fi\u0301'],
  ['¨x ¨ y', '▁\u0308x▁\u0308▁y', '▁▁\u0308x▁▁\u0308▁y'],
  ['\u1112\u1161\u11ab가\u11a8', '▁한가\u11a8', '▁한가\u11a8'],
  ['A\u030a\u0301 \u3000 ½', '▁Ǻ▁1⁄2', '▁Ǻ▁▁▁1⁄2'],
  ['\u200b\u0001a\u0001 \u200b', '▁a', '▁▁a▁▁'],
  ['▁▁a▁', '▁a', '▁▁▁a▁'],
  [' ', '', '▁▁'],
  ['\u0001', '', '▁'],
  ['', '', ''],
  ['ﷺ!', '▁صلى▁الله▁عليه▁وسلم!', '▁صلى▁الله▁عليه▁وسلم!'],
];

test('texts become what sentencepiece itself makes of them', () => {
  const precompiled_charsmap = gunzipSync(nmtNfkc).toString('base64');
  for (const [text, ...expected] of bySentencePiece) {
    for (const [i, remove_extra_whitespaces] of [true, false].entries()) {
      const fields = { type: 'SentencePiece', precompiled_charsmap, remove_extra_whitespaces };
      assert.equal(normalize(fields, text).text, expected[i], JSON.stringify(text));
    }
  }
});

test("sentencepiece's texts know their places", () => {
  const precompiled_charsmap = gunzipSync(nmtNfkc).toString('base64');
  const fields = { type: 'SentencePiece', precompiled_charsmap, remove_extra_whitespaces: true };
  const result = normalize(fields, ' \u0001a\u0301  ﬁx ');
  assert.equal(result.text, '▁á▁fix');
  const places = [...result.text].map((_, i) => [result.startOf(i), result.endOf(i)]);
  assert.deepEqual(places, [
    [2, 4],
    [2, 4],
    [4, 5],
    [6, 7],
    [6, 7],
    [7, 8],
  ]);
});

const refused: [fields: Fields, message: RegExp][] = [
  [{ type: 'Foo' }, /type must be one of BertNormalizer, .*, not "Foo"/],
  [{ type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true }, /lowercase/],
  [{ type: 'Strip', strip_left: true }, /strip_right/],
  [{ type: 'Sequence', normalizers: [{ type: 'Prepend' }] }, /normalizers.*prepend/],
  [{ type: 'Replace', pattern: 'a', content: '' }, /pattern/],
  [
    { type: 'SentencePiece', precompiled_charsmap: '%', remove_extra_whitespaces: true },
    /^The precompiled_charsmap of the normalizer is damaged/,
  ],
  ...['', 'AAAA', 'AAAAAA==', 'BQAAAAAAAAAA', '/////w==', '%'].map((map): [Fields, RegExp] => [
    { type: 'Precompiled', precompiled_charsmap: map },
    /^The precompiled_charsmap of the normalizer is damaged; download the tokenizer again\.$/,
  ]),
];
for (const [i, [fields, message]] of refused.entries()) {
  test(`${i}: ${JSON.stringify(fields)} is refused in one line`, () => {
    assert.throws(
      () => made(fields),
      (error) => error instanceof InputError && message.test(error.message),
    );
  });
}

test('older names are known', () => {
  assert.equal(normalize({ type: 'Bert', ...bert }, 'É').text, 'e');
  assert.equal(normalize({ type: 'StripNormalizer', strip_left: true, strip_right: false }, ' a ').text, 'a ');
});

test.run();
