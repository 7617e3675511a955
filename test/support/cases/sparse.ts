import fc from 'fast-check';
import { keptValues, linear, Random, SparsePattern, sampledMatmul, type Tensor, toDense } from '../../../src/index.ts';
import { arrays, length } from '../strategies.ts';
import { at, build, range, total, type Values } from '../values.ts';
import '../sparse.ts';
import type { Case, Cases, Operations } from './case.ts';

/** A mask [rows, columns]. */
export interface Mask {
  readonly rows: number;
  readonly columns: number;
  readonly bits: readonly number[];
}

type Kind = 'as drawn' | 'full' | 'empty';
const kinds = (count: number): fc.Arbitrary<Kind[]> =>
  fc.array(fc.constantFrom('as drawn', 'as drawn', 'as drawn', 'full', 'empty'), {
    minLength: count,
    maxLength: count,
  });

/** Masks of every density, with empty and full rows and columns, one weight, and none. */
export function masks(rows: number, columns: number): fc.Arbitrary<Mask> {
  const places = range(rows * columns);
  const some = fc
    .tuple(fc.constantFrom(0.05, 0.25, 0.6, 0.95), fc.nat(), kinds(Math.min(rows, 9)), kinds(Math.min(columns, 9)))
    .map(([density, seed, ofRows, ofColumns]) => {
      const random = new Random(seed);
      return places.map((i) => {
        const drawn = random.uniform() < density;
        const own = [ofRows[Math.floor(i / columns)], ofColumns[i % columns]];
        const kind = own.find((each) => each !== undefined && each !== 'as drawn');
        return Number(kind === undefined ? drawn : kind === 'full');
      });
    });
  const one = fc.nat({ max: rows * columns - 1 }).map((place) => places.map((i) => Number(i === place)));
  const constant = fc.constantFrom(0, 1).map((bit) => places.map(() => bit));
  return fc
    .oneof({ weight: 6, arbitrary: some }, { weight: 1, arbitrary: one }, { weight: 1, arbitrary: constant })
    .map((bits) => ({ rows, columns, bits }));
}

export const keptOf = ({ bits }: Mask): number => total(bits);

/** The pattern on the backend of a tensor. */
export const patternFor = ({ bits, rows, columns }: Mask, { backend }: Tensor): SparsePattern =>
  SparsePattern.of(bits, [rows, columns], backend);

/** The matrix of kept values. */
export function dense({ bits, rows, columns }: Mask, { values }: Values): Values {
  let e = 0;
  return { shape: [rows, columns], values: bits.map((bit) => (bit ? values[e++] : 0)) };
}

/** The numbers of a matrix where the mask is 1. */
const kept = ({ bits }: Mask, { values }: Values): Values => {
  const numbers = Array.from(values).filter((_, i) => bits[i] === 1);
  return { shape: [numbers.length], values: numbers };
};

/** Kept values may be none, which arrays of the other strategies never are. */
const withMask =
  (make: (mask: Mask, n: number) => fc.Arbitrary<Case>): Cases =>
  (size) =>
    fc
      .tuple(length(size), length(size), length(size))
      .chain(([rows, columns, n]) => masks(rows, columns).chain((mask) => make(mask, n)));

export const sparse: Operations = {
  toDense: {
    cases: withMask((mask) =>
      arrays([[keptOf(mask)]]).map((inputs) => ({
        inputs,
        apply: (values) => toDense({ pattern: patternFor(mask, values), values }),
        expected: (values) => dense(mask, values),
      })),
    ),
  },
  keptValues: {
    cases: withMask((mask) =>
      arrays([[mask.rows, mask.columns]]).map((inputs) => ({
        inputs,
        apply: (x) => keptValues(x, patternFor(mask, x)),
        expected: (x) => kept(mask, x),
      })),
    ),
  },
  sampledMatmul: {
    cases: withMask((mask, n) =>
      arrays([
        [n, mask.rows],
        [n, mask.columns],
      ]).map((inputs) => ({
        inputs,
        apply: (y, x) => sampledMatmul(y, x, patternFor(mask, y)),
        expected: (y, x) =>
          kept(
            mask,
            build([mask.rows, mask.columns], ([r, c]) => total(range(n).map((t) => at(y, [t, r]) * at(x, [t, c])))),
          ),
      })),
    ),
  },
};

/** `linear` with a sparse weight. */
export const sparseLinearCases: Cases = withMask((mask, n) =>
  fc.boolean().chain((biased) =>
    arrays([[n, mask.columns], [keptOf(mask)], ...(biased ? [[mask.rows]] : [])]).map((inputs) => ({
      inputs,
      apply: (x, values, bias?: Tensor) => linear(x, { pattern: patternFor(mask, x), values }, bias),
      expected: (x, values, bias?: Values) => {
        const w = dense(mask, values);
        return build([n, mask.rows], ([t, r]) =>
          total([...range(mask.columns).map((c) => at(x, [t, c]) * at(w, [r, c])), bias ? at(bias, [r]) : 0]),
        );
      },
    })),
  ),
);
