import fc from 'fast-check';
import { max, mean, type ReduceOptions, sum, type Tensor } from '../../../src/index.ts';
import { arrays, type Domain, shapes, someAxes } from '../strategies.ts';
import { at, build, range, total, type Values } from '../values.ts';
import type { OperationSpec, Operations } from './case.ts';

/** `f` over the numbers that share an index outside `axis`. */
function reduced(x: Values, { axis: given, keepDims }: ReduceOptions, f: (numbers: number[]) => number): Values {
  const rank = x.shape.length;
  const gone = new Set(
    (given === undefined ? range(rank) : [given].flat()).map((axis) => (axis < 0 ? axis + rank : axis)),
  );
  const kept = x.shape.map((n, axis) => (gone.has(axis) ? 1 : n));
  const groups = build(kept, () => 0).values as number[];
  const members = groups.map((): number[] => []);
  build(x.shape, (index) => {
    const group = kept.reduce((flat, n, axis) => flat * n + (n === 1 ? 0 : index[axis]), 0);
    members[group].push(at(x, index));
    return 0;
  });
  return { shape: keepDims ? kept : x.shape.filter((_, axis) => !gone.has(axis)), values: members.map(f) };
}

/** Several axes, one where there is one, or nothing: all. */
const axisOptions = (rank: number) =>
  fc.oneof(
    fc.option(someAxes(rank), { nil: undefined }),
    someAxes(rank).map((axes) => (axes.length === 1 ? axes[0] : axes)),
  );

function reduction(
  apply: (x: Tensor, options: ReduceOptions) => Tensor,
  f: (numbers: number[]) => number,
  domain: Domain = 'any',
): OperationSpec {
  return {
    cases: (size) =>
      shapes(size).chain((shape) =>
        fc.tuple(arrays([shape], domain), axisOptions(shape.length), fc.boolean()).map(([inputs, axis, keepDims]) => ({
          inputs,
          apply: (x) => apply(x, { axis, keepDims }),
          expected: (x) => reduced(x, { axis, keepDims }, f),
        })),
      ),
  };
}

export const reductions: Operations = {
  sum: reduction(sum, total),
  mean: reduction(mean, (xs) => total(xs) / xs.length),
  max: reduction(max, (xs) => Math.max(...xs), 'distinct'),
};
