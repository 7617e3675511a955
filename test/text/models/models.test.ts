import assert from 'node:assert/strict';
import { suite } from 'uvu';
import type { TokenModel } from '../../../src/text/stages.ts';
import { assertInputError } from '../../io/input-error.ts';
import { forAll } from '../../support/property.ts';
import { anyModel } from './any-model.ts';
import { made, numbered, tokenized, tokensOf } from './made.ts';

const test = suite('models of tokens');

const wordLevel = { type: 'WordLevel', unk_token: '?', vocab: { '?': 7, cat: 2 } };

test('WordLevel: words are tokens, all others unknown (Rust library 0.23.2)', () => {
  const model = made(wordLevel);
  assert.equal(tokensOf(model, 'cat'), '2:0-3');
  assert.equal(tokensOf(model, 'cats'), '7:0-4');
  assert.equal(tokensOf(model, '😀'), '7:0-2');
  assertInputError(
    () => made({ ...wordLevel, unk_token: 'dog' }),
    /^model\.unk_token is "dog", which model\.vocab lacks/,
  );
});

test('the type of a model that does not name it follows from its fields', () => {
  const vocab = numbered('[UNK] a ##b ab');
  const wordPiece = { unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab };
  assert.equal(tokensOf(made(wordPiece), 'abb'), '3:0-2 2:2-3');
  assert.equal(tokensOf(made({ unk_token: '[UNK]', vocab }), 'abb'), '0:0-3');
  assert.equal(tokensOf(made({ ...wordPiece, merges: [['a', '##b']] }), 'ab'), '3:0-2');
  assert.equal(tokensOf(made({ vocab: [['a', -1]] }), 'aa'), '0:0-1 0:1-2');
});

test('a model of another type, or with fields of other kinds, is refused', () => {
  assertInputError(
    () => made({ ...wordLevel, type: 'Words' }),
    /type must be one of WordPiece, WordLevel, BPE, Unigram/,
  );
  assertInputError(() => made({ ...wordLevel, type: null }), /type must be one of .*, not null/);
  assertInputError(() => made({ ...wordLevel, unk_token: 1 }), /unk_token must be a text, not 1/);
  assertInputError(() => made({ unk_token: '?' }), /vocab is missing; it must be an object that maps tokens to ids/);
  assertInputError(() => made({ ...wordLevel, vocab: [] }), /vocab must be an object that maps tokens to ids/);
  assertInputError(() => made({ type: 'BPE', vocab: {} }), /merges is missing; it must be a list of pairs of tokens/);
});

test('ids that are none, or are there twice, and tokens that are no text are refused', () => {
  const withCat = (cat: unknown) => () => made({ ...wordLevel, vocab: { '?': 7, cat } });
  for (const id of [1.5, '3', null, -1, [], true, 2 ** 23, Number.NaN]) {
    assertInputError(withCat(id), /^the id of the token "cat" is .*; it must be a whole number from 0 to 8388607\.$/);
  }
  assert.equal(withCat(2 ** 23 - 1)().idOf('cat'), 2 ** 23 - 1);
  assertInputError(withCat(7), /^the tokens "\?" and "cat" both have the id 7; restore the file\.$/);
  assertInputError(
    () => made({ ...wordLevel, vocab: { '?': 0, '\ud83d': 1 } }),
    /^the token "\\ud83d" is no valid Unic/,
  );
});

test('names that every object has are tokens like others', () => {
  const vocab = JSON.parse('{"?":0,"__proto__":1,"constructor":2,"10":3,"9":4}') as object;
  const model = made({ ...wordLevel, vocab });
  assert.deepEqual(
    ['__proto__', 'constructor', '10', '9', 'toString'].map((word) => tokensOf(model, word)),
    ['1:0-9', '2:0-11', '3:0-2', '4:0-1', '0:0-8'],
  );
});

test('the vocabulary: tokens, ids, and their number', () => {
  const model = made(wordLevel);
  assert.deepEqual(
    [...model.vocabulary],
    [
      ['?', 7],
      ['cat', 2],
    ],
  );
  assert.equal(model.size, 2);
  assert.deepEqual([model.idOf('cat'), model.idOf('dog')], [2, undefined]);
  assert.deepEqual([model.tokenOf(7), model.tokenOf(0)], ['?', undefined]);
});

test('tokens go through a word in their order, and are those of the vocabulary', () => {
  forAll(
    anyModel,
    ({ model: fields, words }) => {
      const model = made(fields);
      for (const word of words) {
        const tokens = tokenized(model, word);
        assert.deepEqual(tokenized(model, word), tokens);
        for (const [i, { id, start, end }] of tokens.entries()) {
          assert.notEqual(model.tokenOf(id), undefined);
          assert.ok(start < end && end <= word.length);
          assert.ok(i === 0 || (start >= tokens[i - 1].start && end >= tokens[i - 1].end));
        }
        // Without an unknown token, BPE leaves characters out.
        if (fields.unk_token === null) continue;
        assert.equal(tokens[0].start, 0);
        assert.equal(tokens.at(-1)?.end, word.length);
        for (const [i, { start }] of tokens.entries()) assert.ok(i === 0 || start <= tokens[i - 1].end);
      }
    },
    500,
  );
});

const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
const doubled = Array.from({ length: 6 }, (_, power) => 'a'.repeat(2 ** power));
const million: Readonly<Record<string, () => TokenModel>> = {
  BPE: () =>
    made({
      byte_fallback: true,
      vocab: numbered([...bytes, ...doubled].join(' ')),
      merges: doubled.slice(1).map((token) => [token.slice(token.length / 2), token.slice(token.length / 2)]),
    }),
  Unigram: () =>
    made({
      unk_id: 0,
      byte_fallback: true,
      vocab: [...bytes, ...doubled].map((token) => [token, -token.length]),
    }),
  WordPiece: () =>
    made({
      type: 'WordPiece',
      unk_token: 'a',
      continuing_subword_prefix: '',
      max_input_chars_per_word: 1e9,
      vocab: numbered(doubled.join(' ')),
    }),
};

for (const [name, make] of Object.entries(million)) {
  test(`${name}: the time for a word grows as its length does`, () => {
    const model = make();
    const secondsOf = (length: number): number => {
      const word = 'a'.repeat(length);
      const started = performance.now();
      const tokens = tokenized(model, word);
      assert.equal(tokens.at(-1)?.end, length);
      return (performance.now() - started) / 1000;
    };
    secondsOf(50_000);
    // A square would take 16 times 16 as long.
    assert.ok(secondsOf(800_000) < 80 * Math.max(secondsOf(50_000), 0.005));
  });
}

test.run();
