import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { Random } from '../../src/index.ts';
import { lowestRemoved, type PruningScope, prunedCount, selectMasks } from '../../src/pruning/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { total } from '../support/values.ts';

const test = suite('pruning: selection');

const property = <T>(values: fc.Arbitrary<T>, holds: (value: T) => void) =>
  fc.assert(fc.property(values, holds), { seed: 1, numRuns: 100 });

const sparsities = fc.oneof(
  fc.constantFrom(0, 0.1, 0.25, 0.4, 0.5, 0.8, 0.9, 0.95, 0.99),
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
);
const pruningScopes = fc.constantFrom<PruningScope>('global', 'layer');
/** Scores of several matrices, with many ties. */
const tied = fc.array(
  fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 40 }).map((xs) => Float64Array.from(xs)),
  { minLength: 1, maxLength: 4 },
);
/** Scores of several matrices, no two of them equal. */
const distinct = fc
  .record({ seed: fc.nat(), sizes: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }) })
  .map(({ seed, sizes }) => {
    const order = new Random(seed).permutation(total(sizes));
    let start = 0;
    return sizes.map((size) => {
      start += size;
      return Float64Array.from(order.subarray(start - size, start), (x) => x - 20);
    });
  });

const removed = (mask: Uint8Array): number => mask.filter((m) => m === 0).length;
const count = (z: readonly { length: number }[]): number => total(z.map(({ length }) => length));

test('exactly floor(s · N + 1/2) go, over all matrices or in each', () => {
  property(fc.tuple(tied, sparsities), ([z, sparsity]) => {
    const globally = selectMasks(z, sparsity, 'global');
    assert.equal(total(globally.map(removed)), Math.floor(sparsity * count(z) + 0.5));
    selectMasks(z, sparsity, 'layer').forEach((mask, i) => {
      assert.equal(removed(mask), Math.floor(sparsity * z[i].length + 0.5));
    });
    for (const masks of [globally, selectMasks(z, sparsity, 'layer')]) {
      masks.forEach((mask, i) => {
        assert.equal(mask.length, z[i].length);
        assert.ok(mask.every((m) => m === 0 || m === 1));
      });
    }
  });
});

test('a higher sparsity keeps a part of what a lower one keeps', () => {
  property(fc.tuple(fc.oneof(tied, distinct), sparsities, sparsities, pruningScopes), ([z, s, t, scope]) => {
    const [more, fewer] = [selectMasks(z, Math.min(s, t), scope), selectMasks(z, Math.max(s, t), scope)];
    fewer.forEach((mask, i) => {
      assert.ok(mask.every((kept, j) => kept <= more[i][j]));
    });
  });
});

test('for distinct scores the kept ones are those at the percentile or above (Algorithm 1)', () => {
  property(fc.tuple(distinct, sparsities), ([z, sparsity]) => {
    const sorted = z.flatMap((scores) => Array.from(scores)).sort((a, b) => a - b);
    const threshold = sorted[Math.floor(sparsity * sorted.length + 0.5)] ?? Infinity;
    selectMasks(z, sparsity, 'global').forEach((mask, i) => {
      assert.deepEqual(
        Array.from(mask),
        Array.from(z[i], (score) => Number(score >= threshold)),
      );
    });
  });
});

test('nothing that is removed has a higher score than something that is kept', () => {
  property(fc.tuple(tied, sparsities), ([z, sparsity]) => {
    const masks = selectMasks(z, sparsity, 'global');
    const scores = (wanted: number) => z.flatMap((own, i) => Array.from(own).filter((_, j) => masks[i][j] === wanted));
    assert.ok(Math.max(...scores(0), -Infinity) <= Math.min(...scores(1), Infinity));
  });
});

test('among equal scores the lower position goes first, the earlier matrix first', () => {
  assert.deepEqual(Array.from(lowestRemoved(Float64Array.of(1, 0, 1, 0, 1), 3)), [0, 0, 1, 0, 1]);
  property(fc.tuple(tied, sparsities), ([z, sparsity]) => {
    const scores = z.flatMap((own) => Array.from(own));
    const kept = selectMasks(z, sparsity, 'global').flatMap((mask) => Array.from(mask));
    for (const score of new Set(scores)) {
      const own = kept.filter((_, i) => scores[i] === score);
      assert.deepEqual(own, own.toSorted(), 'first those that go, then those that stay');
    }
  });
});

test('any growing function of the scores selects the same', () => {
  property(fc.tuple(tied, sparsities, pruningScopes), ([z, sparsity, scope]) => {
    const grown = z.map((own) => own.map((x) => Math.exp(x / 2) - 7));
    assert.deepEqual(selectMasks(grown, sparsity, scope), selectMasks(z, sparsity, scope));
  });
});

test('a sparsity outside [0, 1) is an error that says what it is', () => {
  for (const sparsity of [1, 1.5, -0.1, 40, Number.NaN, Infinity]) {
    assertInputError(
      () => prunedCount(sparsity, 10),
      new RegExp(`sparsity ${sparsity} is outside \\[0, 1\\); it is the fraction of weights removed`),
    );
  }
  assert.deepEqual(
    [0, 0.04, 0.05, 0.4, 0.95].map((sparsity) => prunedCount(sparsity, 10)),
    [0, 0, 1, 4, 10],
  );
});

test.run();
