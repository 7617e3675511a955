/**
 * Compares what normalizers make of every code point, alone and between letters, with what the Rust library makes of it, the
 * npm package `tokenizers` in this folder. Run after `npm ci --prefix test/peers`: `node test/peers/tokenizers-code-points.ts`.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { suite } from 'uvu';
import { AlignedText } from '../../src/text/aligned-text.ts';
import { makeComponent } from '../../src/text/component.ts';
import '../../src/text/index.ts';
import { normalizers } from '../../src/text/normalizers/index.ts';
import { CODE_POINTS } from '../../src/text/unicode/code-points.ts';
import { charsmapOf } from '../support/charsmap.ts';

interface Library {
  readonly Tokenizer: {
    fromString(definition: string): { getNormalizer(): { normalizeString(text: string): string } };
  };
}
const { Tokenizer } = createRequire(import.meta.url)('tokenizers') as Library;
const model = { type: 'WordLevel', vocab: { a: 0 }, unk_token: 'a' };

const bert = { type: 'BertNormalizer', clean_text: false, handle_chinese_chars: false, strip_accents: false };
const charsmap = charsmapOf([
  ['a', 'Z'],
  ['é', 'e'],
  ['\u0915', 'K'],
]);
const kinds = [
  { ...bert, lowercase: true },
  { ...bert, clean_text: true, lowercase: false },
  { ...bert, handle_chinese_chars: true, lowercase: false },
  { ...bert, strip_accents: true, lowercase: false },
  { type: 'Strip', strip_left: true, strip_right: true },
  ...['StripAccents', 'NFC', 'NFD', 'NFKC', 'NFKD', 'Nmt', 'ByteLevel'].map((type) => ({ type })),
  { type: 'Replace', pattern: { Regex: '\\s|\\p{N}|\\p{Lu}|\\p{M}' }, content: '-' },
  { type: 'Precompiled', precompiled_charsmap: charsmap },
];

const test = suite('peers: normalizers and every code point');

for (const normalizer of kinds) {
  const { precompiled_charsmap: _, ...shown } = { precompiled_charsmap: '', ...normalizer };
  test(JSON.stringify(shown), () => {
    const library = Tokenizer.fromString(JSON.stringify({ added_tokens: [], normalizer, model })).getNormalizer();
    const own = makeComponent(normalizers, normalizer);
    const differing: string[] = [];
    for (let codePoint = 0; codePoint < CODE_POINTS; codePoint++) {
      // Surrogates are in no text of the library.
      if (codePoint >= 0xd800 && codePoint < 0xe000) continue;
      const character = String.fromCodePoint(codePoint);
      for (const text of [character, `a${character}b`]) {
        if (own(AlignedText.of(text)).text !== library.normalizeString(text)) differing.push(codePoint.toString(16));
      }
    }
    assert.deepEqual(differing, []);
  });
}

test.run();
