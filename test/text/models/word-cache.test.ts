import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { cached } from '../../../src/text/models/word-cache.ts';
import { tokenized } from './made.ts';

const test = suite('cache of words');

function counted() {
  const asked: string[] = [];
  const tokenize = cached((word, tokens) => {
    asked.push(word);
    tokens.add(word.length, 0, 1);
    tokens.add(7, 1, word.length);
  });
  return { asked, tokenize: (word: string) => tokenized({ tokenize }, word) };
}

test('a word that comes again is not cut again', () => {
  const { asked, tokenize } = counted();
  const tokens = [
    { id: 3, start: 0, end: 1 },
    { id: 7, start: 1, end: 3 },
  ];
  for (let i = 0; i < 3; i++) assert.deepEqual(tokenize('cat'), tokens);
  assert.deepEqual(asked, ['cat']);
});

test('long words are not kept, and of others only as many as fit into a bound', () => {
  const { asked, tokenize } = counted();
  const long = 'x'.repeat(1000);
  tokenize(long);
  tokenize(long);
  assert.equal(asked.length, 2);
  tokenize('first');
  for (let i = 0; i < 200_000; i++) tokenize(`word ${i}`);
  tokenize('word 199999');
  assert.equal(asked.at(-1), 'word 199999');
  const before = asked.length;
  tokenize('first');
  assert.equal(asked.length, before + 1);
});

test('a word that keeps coming is kept', () => {
  const { asked, tokenize } = counted();
  for (let i = 0; i < 200_000; i++) {
    tokenize(`word ${i}`);
    tokenize('often');
  }
  assert.equal(asked.filter((word) => word === 'often').length, 1);
});

test('a word that cannot be cut fails each time', () => {
  const tokenize = cached(() => {
    throw new RangeError('no');
  });
  assert.throws(() => tokenized({ tokenize }, 'a'), RangeError);
  assert.throws(() => tokenized({ tokenize }, 'a'), RangeError);
});

test.run();
