import fc from 'fast-check';
import { Random } from '../../src/index.ts';
import { sizeOf } from '../../src/tensor/shape.ts';
import { range, type Values } from './values.ts';

/** `small` suits finite differences, `large` reaches every path of a vectorised kernel and its remainders. */
export type Size = 'small' | 'large';

const lengths = (max: number, rank: number): fc.Arbitrary<number[]> =>
  fc.tuple(...range(rank).map(() => fc.integer({ min: 1, max })));

/** A length along one axis. */
export function length(size: Size): fc.Arbitrary<number> {
  return fc.integer({ min: 1, max: size === 'small' ? 4 : 37 });
}

/** A shape of at least `minRank` axes. */
export function shapes(size: Size, minRank = 0): fc.Arbitrary<number[]> {
  const [longest, middle, short] = size === 'small' ? [6, 4, 3] : [150, 24, 8];
  const byRank = [fc.constant<number[]>([]), lengths(longest, 1), lengths(middle, 2), lengths(short, 3), lengths(3, 4)];
  return fc.oneof(...byRank.slice(minRank, size === 'small' ? 4 : 5));
}

/** Shapes that broadcast together; at least one has every axis. */
export function broadcastingShapes(size: Size, count: number): fc.Arbitrary<number[][]> {
  return shapes(size).chain((shape) => {
    const part = fc
      .tuple(
        fc.nat({ max: shape.length }),
        fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
      )
      .map(([dropped, repeated]) => shape.map((n, axis) => (repeated[axis] ? 1 : n)).slice(dropped));
    const parts = fc.oneof(part, fc.constant(shape));
    return fc
      .tuple(fc.nat({ max: count - 1 }), ...range(count).map(() => parts))
      .map(([whole, ...all]) => all.map((own, i) => (i === whole ? shape : own)));
  });
}

/**
 * Ranges of numbers. All are multiples of 1/16, so every backend gets the same ones, and a step of a finite difference
 * reaches no other of them.
 */
export type Domain = 'any' | 'nonzero' | 'positive' | 'distinct';

const sixteenths = {
  any: fc.integer({ min: -32, max: 32 }),
  nonzero: fc.oneof(fc.integer({ min: 4, max: 32 }), fc.integer({ min: -32, max: -4 })),
  positive: fc.integer({ min: 4, max: 48 }),
};

/** Arrays of the given shapes; `distinct` numbers differ from each other across all of them. */
export function arrays(shapesOfAll: readonly (readonly number[])[], domain: Domain = 'any'): fc.Arbitrary<Values[]> {
  if (domain === 'distinct') return fc.nat().map((seed) => distinct(shapesOfAll, seed));
  const one = (shape: readonly number[]) => {
    const size = sizeOf(shape);
    return fc
      .array(sixteenths[domain], { minLength: size, maxLength: size })
      .map((numbers): Values => ({ shape, values: numbers.map((n) => n / 16) }));
  };
  return fc.tuple(...shapesOfAll.map(one));
}

/** The numbers 0, 1/8, -1/8, 2/8 ... in random order. */
function distinct(shapesOfAll: readonly (readonly number[])[], seed: number): Values[] {
  const order = new Random(seed).permutation(shapesOfAll.reduce((sum, shape) => sum + sizeOf(shape), 0));
  let taken = 0;
  return shapesOfAll.map((shape) => {
    const mine = order.subarray(taken, taken + sizeOf(shape));
    taken += mine.length;
    return { shape, values: Array.from(mine, (n) => (n % 2 ? -1 : 1) * Math.ceil(n / 2) * 0.125) };
  });
}

/** Some of the axes of a shape, in any order, some counted from the end. */
export function someAxes(rank: number): fc.Arbitrary<number[]> {
  return fc
    .shuffledSubarray(range(rank))
    .chain((axes) => fc.tuple(...axes.map((axis) => fc.constantFrom(axis, axis - rank))));
}

/** A block inside a shape, as its first corner and its lengths. */
export function blocks(shape: readonly number[]): fc.Arbitrary<{ starts: number[]; lengths: number[] }> {
  return fc
    .tuple(
      ...shape.map((n) =>
        fc
          .tuple(fc.nat({ max: n - 1 }), fc.integer({ min: 1, max: n }))
          .map(([start, count]) => [start, Math.min(count, n - start)]),
      ),
    )
    .map((pairs) => ({ starts: pairs.map(([start]) => start), lengths: pairs.map(([, count]) => count) }));
}

/** Row numbers of a table, some negative: those are left out. */
export function rowNumbers(rows: number, count: number): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: -1, max: rows - 1 }), { minLength: count, maxLength: count });
}
