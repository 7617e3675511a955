import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { Random } from '../../src/index.ts';
import { apportion, erdosRenyiDensities, paperLiteralDensities } from '../../src/pruning/index.ts';
import { range, total } from '../support/values.ts';

const test = suite('pruning: Erdos-Renyi');

const property = <T>(values: fc.Arbitrary<T>, holds: (value: T) => void) =>
  fc.assert(fc.property(values, holds), { seed: 1, numRuns: 200 });

const side = fc.oneof(fc.constantFrom(1, 2, 64, 768), fc.integer({ min: 1, max: 200 }));
const shapes = fc.array(fc.tuple(side, side), { minLength: 1, maxLength: 8 });
const sparsities = fc.oneof(fc.constantFrom(0, 0.2, 0.4, 0.8, 0.95), fc.double({ min: 0, max: 0.999, noNaN: true }));
const sizesOf = (matrices: readonly (readonly [number, number])[]) => matrices.map(([out, inner]) => out * inner);
const relative = ([out, inner]: readonly [number, number]) => (out + inner) / (out * inner);

const rules = { 'sparse training': erdosRenyiDensities, "paper's text": paperLiteralDensities };
for (const [name, densitiesOf] of Object.entries(rules)) {
  test(`${name}: densities lie in [0, 1] and meet the budget`, () => {
    property(fc.tuple(shapes, sparsities), ([matrices, sparsity]) => {
      const densities = densitiesOf(matrices, sparsity);
      const sizes = sizesOf(matrices);
      assert.ok(
        densities.every((d) => d >= -1e-12 && d <= 1 + 1e-12),
        String(densities),
      );
      const kept = total(densities.map((d, i) => d * sizes[i]));
      assert.ok(Math.abs(kept - (1 - sparsity) * total(sizes)) <= 1e-9 * total(sizes), `${kept} weights`);
    });
  });

  test(`${name}: the order of the matrices does not matter`, () => {
    property(fc.tuple(shapes, sparsities, fc.nat()), ([matrices, sparsity, seed]) => {
      const order = Array.from(new Random(seed).permutation(matrices.length));
      const [plain, shuffled] = [
        densitiesOf(matrices, sparsity),
        densitiesOf(
          order.map((i) => matrices[i]),
          sparsity,
        ),
      ];
      for (const [j, i] of order.entries()) assert.ok(Math.abs(shuffled[j] - plain[i]) <= 1e-9);
    });
  });

  test(`${name}: matrices of one shape get the sparsity itself`, () => {
    property(fc.tuple(side, side, fc.integer({ min: 1, max: 5 }), sparsities), ([out, inner, n, sparsity]) => {
      const densities = densitiesOf(
        range(n).map(() => [out, inner]),
        sparsity,
      );
      for (const density of densities) assert.ok(Math.abs(density - (1 - sparsity)) <= 1e-9, String(densities));
    });
  });
}

test('densities are proportional to (n_in + n_out) / (n_in · n_out) where they are not clipped at 1', () => {
  property(fc.tuple(shapes, sparsities), ([matrices, sparsity]) => {
    const densities = erdosRenyiDensities(matrices, sparsity);
    const scales = densities.map((d, i) => d / relative(matrices[i]));
    const open = scales.filter((_, i) => densities[i] < 1);
    const scale = Math.max(...open, 0);
    for (const s of open) assert.ok(Math.abs(s - scale) <= 1e-9 * scale);
    // A clipped one would have got more than 1 at the others' scale, or there are no others.
    matrices.forEach((shape, i) => {
      if (densities[i] === 1 && open.length > 0) assert.ok(scale * relative(shape) > 1 - 1e-9);
    });
  });
});

test('a small matrix is clipped at 1 and the others share what is left', () => {
  // Proportions 1.5 : 0.2 : 0.2 and 40 of 202 weights to keep: at the common scale 40/43 the first would have density 1.4.
  const densities = erdosRenyiDensities(
    [
      [1, 2],
      [10, 10],
      [10, 10],
    ],
    1 - 40 / 202,
  );
  assert.equal(densities[0], 1);
  assert.ok(Math.abs(densities[1] - 0.19) < 1e-12 && Math.abs(densities[2] - 0.19) < 1e-12, String(densities));
});

test('the rule of the text: sparsities proportional to 1 - (n_in + n_out) / (n_in · n_out)', () => {
  const matrices = [
    [10, 10],
    [5, 20],
    [40, 40],
  ] as const;
  const densities = paperLiteralDensities(matrices, 0.4);
  const scales = densities.map((d, i) => (1 - d) / (1 - relative(matrices[i])));
  for (const scale of scales) assert.ok(Math.abs(scale - scales[0]) < 1e-12);
});

test('apportion gives whole numbers with the exact sum, each next to its share', () => {
  property(fc.tuple(shapes, sparsities), ([matrices, sparsity]) => {
    const sizes = sizesOf(matrices);
    const densities = erdosRenyiDensities(matrices, sparsity);
    const sum = Math.floor(sparsity * total(sizes) + 0.5);
    const counts = apportion(sizes, densities, sum);
    assert.equal(total(counts), sum);
    counts.forEach((n, i) => {
      assert.ok(Number.isInteger(n) && n >= 0 && n <= sizes[i]);
      assert.ok(Math.abs(n - sizes[i] * (1 - densities[i])) <= 1 + 1e-6, `${n} of ${sizes[i]} at ${densities[i]}`);
    });
  });
});

test('apportion gives the largest remainders one more', () => {
  assert.deepEqual(apportion([10, 10, 10], [0.75, 0.83, 0.92], 5), [2, 2, 1]);
  assert.deepEqual(apportion([4, 4], [0.5, 0.5], 4), [2, 2]);
  assert.deepEqual(apportion([1, 1, 1], [0.5, 0.5, 0.5], 2), [1, 1, 0]);
});

test.run();
