import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { assertInputError } from '../../io/input-error.ts';
import { forAll } from '../../support/property.ts';
import { made, numbered, tokenized, tokensOf } from './made.ts';

const test = suite('WordPiece');

const vocab = numbered('[UNK] re read ##read ##er ##e ##r 😀 ##😀 ##👍');
const fields = { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', vocab };

test('tokens and spans are those of the Rust library 0.23.2', () => {
  const model = made({ ...fields, max_input_chars_per_word: 6 });
  assert.equal(tokensOf(model, 'reread'), '1:0-2 3:2-6');
  assert.equal(tokensOf(model, 'reader'), '2:0-4 4:4-6');
  assert.equal(tokensOf(model, 'rex'), '0:0-3');
  assert.equal(tokensOf(model, 'e'), '0:0-1');
  assert.equal(tokensOf(model, '##er'), '4:0-4');
  assert.equal(tokensOf(model, 're😀👍r'), '1:0-2 8:2-4 9:4-6 6:6-7');
});

test('characters are counted, not code units: a word of too many is unknown', () => {
  const model = made({ ...fields, max_input_chars_per_word: 6 });
  assert.equal(tokensOf(model, '😀'.repeat(6)), '7:0-2 8:2-4 8:4-6 8:6-8 8:8-10 8:10-12');
  assert.equal(tokensOf(model, '😀'.repeat(7)), '0:0-14');
  assert.equal(tokensOf(model, 'rereader'), '0:0-8');
  const ofDefaults = made({ ...fields, max_input_chars_per_word: null });
  assert.equal(tokenized(ofDefaults, `re${'er'.repeat(49)}`).length, 50);
  assert.equal(tokenized(ofDefaults, `rer${'er'.repeat(49)}`).length, 1);
});

test('the longest token that fits, again and again, or the unknown one', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), minLength: 1, maxLength: 4 });
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '😀', 'é'), minLength: 1, maxLength: 12 });
  forAll(
    fc.tuple(fc.array(piece, { maxLength: 12 }), fc.array(piece, { maxLength: 12 }), fc.constantFrom('##', ''), word),
    ([first, others, prefix, word]) => {
      const tokens = [...new Set(['[UNK]', ...first, ...others.map((one) => prefix + one)])];
      const model = made({ ...fields, continuing_subword_prefix: prefix, vocab: numbered(tokens.join(' ')) });
      const expected: string[] = [];
      for (let start = 0, end = word.length; start < word.length; start = end, end = word.length) {
        const token = () => (start > 0 ? prefix : '') + word.slice(start, end);
        while (end > start && !tokens.includes(token())) end--;
        if (end === start) {
          expected.splice(0, expected.length, `0:0-${word.length}`);
          break;
        }
        expected.push(`${tokens.indexOf(token())}:${start}-${end}`);
      }
      assert.equal(tokensOf(model, word), expected.join(' '));
    },
    300,
  );
});

test('a vocabulary without the unknown token is refused', () => {
  assertInputError(
    () => made({ ...fields, unk_token: '<unk>' }),
    /^model\.unk_token is "<unk>", which model\.vocab lacks; restore the file\.$/,
  );
});

test.run();
