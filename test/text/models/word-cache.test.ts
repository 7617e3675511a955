import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { cached } from '../../../src/text/models/word-cache.ts';

const test = suite('cache of words');

function counted() {
  const asked: string[] = [];
  const tokenize = cached((word) => {
    asked.push(word);
    return [{ id: word.length, start: 0, end: word.length }];
  });
  return { asked, tokenize };
}

test('a word that comes again is not cut again, and its tokens cannot be changed', () => {
  const { asked, tokenize } = counted();
  const first = tokenize('cat');
  assert.equal(tokenize('cat'), first);
  assert.deepEqual(asked, ['cat']);
  assert.ok(Object.isFrozen(first));
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
  assert.throws(() => tokenize('a'), RangeError);
  assert.throws(() => tokenize('a'), RangeError);
});

test.run();
