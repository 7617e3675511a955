import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type Truncation, windowsOf } from '../../src/text/truncation.ts';
import { assertInputError } from '../io/input-error.ts';

const test = suite('truncation');

const plain: Truncation = { strategy: 'longest_first', side: 'right', stride: 0 };

/** How many tokens of each text stay in the window that is read first. */
const kept = (lengths: readonly number[], room: number, truncation: Partial<Truncation> = {}): number[] =>
  windowsOf(lengths, room, { ...plain, ...truncation }).map(([{ from, to }]) => to - from);

test('longest first: the longer text loses tokens until both are equally long, then they take turns', () => {
  fc.assert(
    fc.property(fc.nat(40), fc.nat(40), fc.integer({ min: 1, max: 90 }), (first, second, room) => {
      const rest = [first, second];
      while (rest[0] + rest[1] > room) rest[rest[0] > rest[1] ? 0 : 1]--;
      // The odd token of two that are cut both is the one of the longer text.
      const isOdd = Math.min(first, second) > room / 2 && room % 2 === 1;
      const expected = isOdd ? [first > second ? 1 : 0, first > second ? 0 : 1].map((x) => x + (room - 1) / 2) : rest;
      assert.deepEqual(kept([first, second], room), expected);
    }),
    { numRuns: 1000 },
  );
});

test('what the library keeps of two texts', () => {
  assert.deepEqual(kept([10, 10], 7), [3, 4]);
  assert.deepEqual(kept([11, 10], 7), [4, 3]);
  assert.deepEqual(kept([2, 10], 7), [2, 5]);
  assert.deepEqual(kept([3, 4], 7), [3, 4]);
  assert.deepEqual(kept([10], 7), [7]);
  assert.deepEqual(kept([10, 3], 0), [0, 0]);
  assert.deepEqual(kept([3, 9], Number.POSITIVE_INFINITY), [3, 9]);
  assert.deepEqual(kept([10, 3], 7, { strategy: 'only_first' }), [4, 3]);
  assert.deepEqual(kept([3, 10], 7, { strategy: 'only_second' }), [3, 4]);
});

test('a text that would lose all its tokens, or is not there, is refused', () => {
  const cut = (lengths: readonly number[], truncation: Partial<Truncation>) => () =>
    windowsOf(lengths, 7, { ...plain, ...truncation });
  assertInputError(cut([3, 10], { strategy: 'only_first' }), /first text has 3 tokens, and 6 would have to go/);
  assertInputError(cut([7, 3], { strategy: 'only_second' }), /second text has 3 tokens, and 3 would have to go/);
  assertInputError(cut([8], { strategy: 'only_second' }), /only_second needs a second text/);
  assertInputError(cut([8], { stride: 7 }), /stride of 7 is too long for windows that have room for 7/);
});

test('windows share stride tokens and leave none out, from either side', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.integer({ min: 1, max: 20 }), fc.nat(19), (length, room, more) => {
      const stride = more % room;
      const [right] = windowsOf([length], room, { ...plain, stride });
      assert.equal(right[0].from, 0);
      assert.equal(right.at(-1)?.to, length);
      for (const [i, { from, to }] of right.entries()) {
        assert.ok(to - from <= room);
        if (i === 0) continue;
        assert.equal(right[i - 1].to - from, stride);
        assert.ok(to > right[i - 1].to, 'none is in another');
      }
      const [left] = windowsOf([length], room, { ...plain, stride, side: 'left' });
      assert.deepEqual(
        left,
        right.map(({ from, to }) => ({ from: length - to, to: length - from })),
      );
    }),
  );
});

test.run();
