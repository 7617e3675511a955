import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { assertInputError } from '../../io/input-error.ts';
import { forAll } from '../../support/property.ts';
import { made, numbered, tokenized, tokensOf } from './made.ts';

const test = suite('BPE');

const fields = {
  type: 'BPE',
  unk_token: '<unk>',
  vocab: numbered('<unk> h e l o w he ll hell hello lo ow low'),
  merges: ['h e', 'l l', 'he ll', 'hell o', 'l o', 'o w', 'lo w'],
};

test('tokens and spans are those of the Rust library 0.23.2', () => {
  const model = made(fields);
  assert.equal(tokensOf(model, 'hello'), '9:0-5');
  assert.equal(tokensOf(model, 'hellow'), '9:0-5 5:5-6');
  assert.equal(tokensOf(model, 'lllow'), '7:0-2 12:2-5');
  const other = made({ vocab: numbered('a b c ab bc abc'), merges: ['b c', 'a b', 'a bc', 'ab c'] });
  assert.equal(tokensOf(other, 'abcabc'), '5:0-3 5:3-6');
  assert.equal(tokensOf(other, 'aabbcc'), '0:0-1 3:1-3 4:3-5 2:5-6');
});

test('unknown characters: each a token, one for neighbours, or skipped (Rust library 0.23.2)', () => {
  assert.equal(tokensOf(made(fields), 'h😀éo'), '1:0-1 0:1-3 0:3-4 4:4-5');
  assert.equal(tokensOf(made({ ...fields, fuse_unk: true }), 'h😀éo'), '1:0-1 0:1-4 4:4-5');
  const skipping = made({ ...fields, unk_token: null });
  assert.equal(tokensOf(skipping, '😀'), '');
  // Spans are counted in bytes of what is left.
  assert.equal(tokensOf(skipping, 'hxello'), '9:0-5');
  assert.equal(tokensOf(skipping, 'h😀llo'), '1:0-1 7:1-3 4:1-3');
});

test('tokens of bytes each span their character, and come before an unknown one that waits (Rust library 0.23.2)', () => {
  const vocab = numbered('<unk> a <0xC3> <0xA9> <0x7A> a<0xC3>');
  const model = made({ unk_token: '<unk>', byte_fallback: true, fuse_unk: true, vocab, merges: [] });
  assert.equal(tokensOf(model, 'aéa'), '1:0-1 2:1-2 3:1-2 1:2-3');
  assert.equal(tokensOf(model, 'zx'), '4:0-1 0:1-2');
  assert.equal(tokensOf(model, 'xéa'), '2:0-1 3:1-2 0:1-2 1:2-3');
  assert.equal(tokensOf(model, 'a😀é'), '1:0-1 2:1-3 3:1-3 0:1-4');
  const merging = made({ unk_token: '<unk>', byte_fallback: true, vocab, merges: [['a', '<0xC3>']] });
  assert.equal(tokensOf(merging, 'aéa'), '5:0-2 3:1-2 1:2-3');
});

test('tokens that do not begin a word, and those that end one (Rust library 0.23.2)', () => {
  const model = made({
    continuing_subword_prefix: '##',
    end_of_word_suffix: '</w>',
    vocab: numbered('a ##b ##b</w> b</w> ab abb</w> ab</w> a</w>'),
    merges: [
      ['a', '##b'],
      ['ab', '##b</w>'],
      ['a', '##b</w>'],
    ],
  });
  const tokens = ['a', 'b', 'ab', 'abb', 'abbb'].map((word) => tokensOf(model, word));
  assert.deepEqual(tokens, ['7:0-1', '3:0-1', '6:0-2', '5:0-3', '4:0-2 1:2-3 2:3-4']);
});

test('with ignore_merges, a word that is a token is that token (Rust library 0.23.2)', () => {
  const model = made({ ignore_merges: true, vocab: numbered('a b ab abab'), merges: [['a', 'b']] });
  assert.equal(tokensOf(model, 'abab'), '3:0-4');
  assert.equal(tokensOf(model, 'ababa'), '2:0-2 2:2-4 0:4-5');
});

test('the first line of a merges.txt is no merge', () => {
  const merges = ['#version: 0.2', 'l o', 'l l'];
  assert.equal(tokensOf(made({ ...fields, merges }), 'llo'), '3:0-1 10:1-3');
});

const letters = ['a', 'b', 'c', '😀'];

/** Pairs of letters and of what earlier ones became. */
const someMerges = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 25 }).map((choices) => {
  const tokens = [...letters];
  return choices.map(([first, second]): readonly [string, string] => {
    const pair = [tokens[first % tokens.length], tokens[second % tokens.length]] as const;
    tokens.push(pair.join(''));
    return pair;
  });
});

/** Merges the pair of the best rank, the leftmost one, until none is left. */
function naive(word: string, merges: readonly (readonly [string, string])[]): string[] {
  const symbols = [...word];
  const ranks = new Map(merges.map((pair, rank) => [pair.join(' '), rank]));
  for (;;) {
    let best = -1;
    let bestRank = Number.POSITIVE_INFINITY;
    for (let at = 0; at + 1 < symbols.length; at++) {
      const rank = ranks.get(`${symbols[at]} ${symbols[at + 1]}`) ?? Number.POSITIVE_INFINITY;
      if (rank < bestRank) [best, bestRank] = [at, rank];
    }
    if (best < 0) return symbols;
    symbols.splice(best, 2, symbols[best] + symbols[best + 1]);
  }
}

test('the best pair is merged, the leftmost first, until none is left', () => {
  const word = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 40 });
  forAll(
    fc.tuple(someMerges, fc.infiniteStream(fc.double()), fc.boolean(), word),
    ([inOrder, order, shuffled, word]) => {
      const merges = shuffled
        ? inOrder.map((pair) => ({ pair, by: order.next().value ?? 0 })).sort((one, other) => one.by - other.by || 0)
        : inOrder.map((pair) => ({ pair, by: 0 }));
      const pairs = merges.map(({ pair }) => pair);
      const tokens = [...new Set([...letters, ...pairs.map((pair) => pair.join(''))])];
      const vocab = numbered(tokens.join(' '));
      const expected = naive(word, pairs);
      for (const merges of [pairs, pairs.map((pair) => pair.join(' '))]) {
        const model = made({ vocab, merges });
        const found = tokenized(model, word);
        assert.deepEqual(
          found.map(({ id }) => tokens[id]),
          expected,
        );
        assert.deepEqual(
          found.map(({ start, end }) => word.slice(start, end)),
          expected,
        );
      }
    },
    300,
  );
});

test('merges that are none, that mix forms, or whose tokens are not in the vocabulary are refused', () => {
  const withMerges = (...merges: unknown[]) => made({ ...fields, merges });
  for (const merge of ['h', 'h e l', '', null, 1, ['h'], ['h', 1], ['h', 'e', 'l'], {}]) {
    assertInputError(() => withMerges(merge), /^model\.merges has .*; all must be texts of two tokens with a space/);
  }
  assertInputError(() => withMerges('h e', ['l', 'l']), /all must be texts of two tokens .* or all pairs/);
  assertInputError(
    () => withMerges('x e'),
    /^model\.merges has "x e", but model\.vocab has no "x"; restore the file\.$/,
  );
  assertInputError(() => withMerges(['h', 'x']), /has \["h", "x"\], but model\.vocab has no "x"/);
  assertInputError(() => withMerges('h l'), /has "h l", but model\.vocab has no "hl"/);
  assertInputError(() => made({ ...fields, merges: {} }), /merges must be a list of pairs of tokens/);
});

test('dropout is refused by its name, but none of it is taken', () => {
  assertInputError(() => made({ ...fields, dropout: 0.1 }), /model: dropout must be null or 0.*, not 0\.1/);
  for (const dropout of [0, null]) assert.equal(tokensOf(made({ ...fields, dropout }), 'hello'), '9:0-5');
});

test('an unknown token that is not in the vocabulary is refused', () => {
  assertInputError(() => made({ ...fields, unk_token: '?' }), /^model\.unk_token is "\?", which model\.vocab lacks/);
});

test.run();
