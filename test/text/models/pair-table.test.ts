import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { PairTable } from '../../../src/text/models/pair-table.ts';
import { forAll } from '../../support/property.ts';

const test = suite('PairTable');

test('finds what was set last for a pair, and nothing else', () => {
  const number = fc.oneof(fc.nat({ max: 5 }), fc.nat());
  forAll(
    fc.array(fc.tuple(number, number, number), { maxLength: 200 }),
    (entries) => {
      const table = new PairTable();
      const expected = new Map<string, number>();
      for (const [i, [first, second, value]] of entries.entries()) {
        const key = `${first} ${second}`;
        if (i % 2 === 0 || !expected.has(key)) expected.set(key, value);
        if (i % 2 === 0) table.set(first, second, value);
        else assert.equal(table.getOrSet(first, second, value), expected.get(key));
      }
      for (const [first, second] of entries) {
        assert.equal(table.get(first, second), expected.get(`${first} ${second}`));
        assert.equal(table.get(second, first), expected.get(`${second} ${first}`) ?? -1);
        assert.equal(table.get(first, second ^ 1), expected.get(`${first} ${second ^ 1}`) ?? -1);
      }
    },
    200,
  );
});

test.run();
