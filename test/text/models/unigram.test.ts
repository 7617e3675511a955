import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { assertInputError } from '../../io/input-error.ts';
import { forAll } from '../../support/property.ts';
import { made, tokenized, tokensOf } from './made.ts';

const test = suite('Unigram');

type Scored = readonly [token: string, score: number];
const vocab: readonly Scored[] = [
  ['<unk>', 0],
  ['a', -1],
  ['b', -2],
  ['ab', -3],
  ['bc', -2.5],
  ['abc', -5],
  ['cd', -3],
  ['zz', -60],
];
const fields = { type: 'Unigram', unk_id: 0, byte_fallback: false, vocab };

test('tokens and spans are those of the Rust library 0.23.2', () => {
  const model = made(fields);
  assert.equal(tokensOf(model, 'abc'), '1:0-1 4:1-3');
  assert.equal(tokensOf(model, 'abcd'), '3:0-2 6:2-4');
  // Of equal sums, the one whose last token is longest.
  assert.equal(tokensOf(model, 'ab'), '3:0-2');
  assert.equal(tokensOf(model, 'aab'), '1:0-1 3:1-3');
});

test('neighbouring unknown characters are one piece, which may be a token (Rust library 0.23.2)', () => {
  const model = made(fields);
  assert.equal(tokensOf(model, 'xyb'), '0:0-2 2:2-3');
  assert.equal(tokensOf(model, 'a😀éb'), '1:0-1 0:1-4 2:4-5');
  assert.equal(tokensOf(model, 'zz'), '7:0-2');
  assert.equal(tokensOf(model, 'azzb'), '1:0-1 7:1-3 2:3-4');
  assert.equal(tokensOf(model, 'x<unk>z'), '0:0-7');
});

test('bytes of a piece are its tokens, if all are there (Rust library 0.23.2)', () => {
  const bytes = ['<0xC3>', '<0xA9>', '<0x7A>'].map((token): Scored => [token, -9]);
  const model = made({ ...fields, byte_fallback: true, vocab: [['<unk>', 0], ['a', -1], ...bytes] });
  assert.equal(tokensOf(model, 'aéa'), '1:0-1 2:1-2 3:1-2 1:2-3');
  assert.equal(tokensOf(model, 'éz'), '2:0-2 3:0-2 4:0-2');
  assert.equal(tokensOf(model, 'é😀'), '0:0-3');
});

test('without an unknown token, a text with an unknown character is refused', () => {
  const model = made({ vocab: [['a', -1]] });
  assert.equal(tokensOf(model, 'aa'), '0:0-1 0:1-2');
  assertInputError(() => tokenized(model, 'a😀'), /the tokenizer has no token for "😀", and no model\.unk_id/);
});

test('of a token that is there twice, the last one counts (Rust library 0.23.2)', () => {
  const model = made({ unk_id: 0, vocab: [...vocab, ['ab', -1]] });
  assert.equal(tokensOf(model, 'ab'), '8:0-2');
  assert.equal(model.size, 9);
  assert.equal(model.tokenOf(3), 'ab');
  assert.equal(model.idOf('ab'), 8);
});

/** The largest sum of scores of all ways to cut a word. */
function bestSum(word: string, scores: ReadonlyMap<string, number>, unknown: number): number {
  if (word === '') return 0;
  const [first] = word;
  const sums = scores.has(first) ? [] : [unknown + bestSum(word.slice(first.length), scores, unknown)];
  for (let end = 1; end <= word.length; end++) {
    const score = scores.get(word.slice(0, end));
    if (score !== undefined) sums.push(score + bestSum(word.slice(end), scores, unknown));
  }
  return Math.max(...sums);
}

test('no way to cut a word has a larger sum of scores', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), minLength: 1, maxLength: 4 });
  const score = fc.double({ min: -12, max: -0.5, noNaN: true });
  forAll(
    fc.tuple(
      fc.uniqueArray(fc.tuple(piece, score), { maxLength: 12, selector: ([token]) => token }),
      fc.string({ unit: fc.constantFrom('a', 'b', '😀', 'é'), minLength: 1, maxLength: 9 }),
    ),
    ([tokens, word]) => {
      const all: Scored[] = [['<unk>', -1], ...tokens];
      const scores = new Map(all);
      const unknown = Math.min(...scores.values()) - 10;
      const found = tokenized(made({ ...fields, vocab: all }), word);
      const sum = found
        .map(({ id, start, end }) => (id === 0 ? unknown * [...word.slice(start, end)].length : all[id][1]))
        .reduce((one, other) => one + other);
      assert.ok(Math.abs(sum - bestSum(word, scores, unknown)) < 1e-9);
      assert.equal(found.map(({ start, end }) => word.slice(start, end)).join(''), word);
    },
    300,
  );
});

test('a score that is none, an entry that is none, and an unk_id that is no place are refused', () => {
  for (const entry of [['a'], ['a', '1'], ['a', null], [1, 1], ['a', Number.NaN], ['a', -1, 0], 'a', null]) {
    assertInputError(
      () => made({ ...fields, vocab: [['<unk>', 0], entry] }),
      /^model\.vocab\[1\] must be a token and its score, a finite number, not .*; restore the file\.$/,
    );
  }
  assertInputError(() => made({ ...fields, unk_id: 8 }), /^model\.unk_id must be below 8, the number of tokens, not 8/);
  assertInputError(() => made({ ...fields, unk_id: -1 }), /unk_id must be a whole number, 0 or more, not -1/);
  assertInputError(() => made({ ...fields, vocab: [] }), /vocab must be a list of tokens and their scores, not \[\]/);
});

test.run();
