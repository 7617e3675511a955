import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { longestFirst } from '../../src/text/truncation.ts';

const test = suite('longest-first truncation');

test('equals removing one token at a time', () => {
  fc.assert(
    fc.property(fc.nat(40), fc.nat(40), fc.nat(90), (first, second, room) => {
      const kept = [first, second];
      while (kept[0] + kept[1] > room) kept[kept[0] > kept[1] ? 0 : 1]--;
      assert.deepEqual(longestFirst(first, second, room), kept);
    }),
    { numRuns: 1000 },
  );
});

test('nothing is cut when there is room without end', () => {
  assert.deepEqual(longestFirst(3, 9, Number.POSITIVE_INFINITY), [3, 9]);
});

test.run();
