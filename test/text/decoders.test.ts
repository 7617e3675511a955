import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';
import { parseWith } from '../../src/settings/index.ts';
import { AlignedText } from '../../src/text/aligned-text.ts';
import { spelledInBytes } from '../../src/text/byte-alphabet.ts';
import { componentSchema, makeComponent } from '../../src/text/component.ts';
import { decoders } from '../../src/text/decoders/index.ts';
import { decoded } from './decoded.ts';

const test = suite('decoders');

type Fields = Readonly<Record<string, unknown>>;

function decode(fields: Fields, tokens: readonly string[]): string {
  const decoder = makeComponent(decoders, parseWith(componentSchema(decoders), fields, 'the decoder'));
  return decoder(tokens).join('');
}

for (const [i, [fields, tokens, text]] of decoded.entries()) {
  test(`${i}: ${fields.type} makes of ${JSON.stringify(tokens)} what the library does`, () => {
    assert.equal(decode(fields, tokens), text);
  });
}

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false };

test('a text that is spelled in bytes comes back, also cut anywhere', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(), (text, place) => {
      const { text: letters } = spelledInBytes(AlignedText.of(text));
      const cut = place % (letters.length + 1);
      assert.equal(decode(byteLevel, [letters.slice(0, cut), letters.slice(cut)]), text);
    }),
    { numRuns: 500, seed: 1 },
  );
});

test('bytes as tokens come back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const tokens = [...new TextEncoder().encode(text)].map((byte) => `<0x${byte.toString(16).padStart(2, '0')}>`);
      assert.equal(decode({ type: 'ByteFallback' }, tokens), text);
    }),
    { numRuns: 500, seed: 1 },
  );
});

test('no tokens are an empty text', () => {
  for (const [fields] of decoded) assert.equal(decode(fields, []), '');
});

const refused: readonly (readonly [fields: Fields, problem: RegExp])[] = [
  [{ type: 'WordPiece', prefix: '##' }, /cleanup/],
  [{ type: 'Strip', content: 'ab', start: 1, stop: 0 }, /one character/],
  [{ type: 'Replace', pattern: { Regex: '\\K' }, content: '' }, /\\K/],
  [{ type: 'Sequence', decoders: [{ type: 'Digits' }] }, /Digits/],
  [{ type: 'Metaspace', replacement: '▁', add_prefix_space: false, prepend_scheme: 'first' }, /add_prefix_space/],
];

for (const [fields, problem] of refused) {
  test(`${JSON.stringify(fields)} is refused`, () => {
    assert.throws(
      () => decode(fields, []),
      (error) => error instanceof InputError && problem.test(error.message),
    );
  });
}

test.run();
