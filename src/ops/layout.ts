import type { Shape } from '../backends/backend.ts';
import { define } from '../tensor/define.ts';
import { ArgumentError, formatShape, normalizeAxis } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { operation } from './operation.ts';

/** Reorders axes: axis i of the result is axis `order[i]` of x. The gradient is reordered back. */
export const permute = define('permute', (x: Tensor, order: readonly number[]): Tensor => {
  const axes = order.map((axis) => normalizeAxis(axis, x.rank));
  if (axes.length !== x.rank || new Set(axes).size !== x.rank) {
    throw new ArgumentError(`order [${order.join(', ')}] does not name each axis of ${formatShape(x.shape)} once.`);
  }
  return operation(
    [x],
    axes.map((axis) => x.shape[axis]),
    (backend) => backend.permute(x.operand, axes),
    () => [
      (dy) =>
        permute(
          dy,
          axes.map((_, axis) => axes.indexOf(axis)),
        ),
    ],
    'nothing',
  );
});

/** Swaps two axes, the last two by default. */
export const transpose = define('transpose', (x: Tensor, first: number = -2, second: number = -1): Tensor => {
  const [i, j] = [first, second].map((axis) => normalizeAxis(axis, x.rank));
  return permute(
    x,
    x.shape.map((_, axis) => (axis === i ? j : axis === j ? i : axis)),
  );
});

function checkBlock(outer: Shape, starts: readonly number[], inner: Shape): void {
  const fits =
    starts.length === outer.length &&
    inner.length === outer.length &&
    outer.every((n, axis) => starts[axis] >= 0 && inner[axis] >= 0 && starts[axis] + inner[axis] <= n);
  if (!fits) {
    throw new ArgumentError(
      `a block ${formatShape(inner)} at [${starts.join(', ')}] does not lie inside ${formatShape(outer)}.`,
    );
  }
}

/** The block from `starts` (inclusive) to `ends` (exclusive). Its gradient, padded with zeros, is that of x. */
export const slice = define('slice', (x: Tensor, starts: readonly number[], ends: readonly number[]): Tensor => {
  const shape = ends.map((end, axis) => end - starts[axis]);
  checkBlock(x.shape, starts, shape);
  return operation(
    [x],
    shape,
    (backend) => backend.slice(x.operand, starts, shape),
    () => [(dy) => pad(dy, starts, x.shape)],
    'nothing',
  );
});

/** `x` placed at `starts` in zeros of `shape`: the transpose of {@link slice}. */
export const pad = define('pad', (x: Tensor, starts: readonly number[], shape: Shape): Tensor => {
  checkBlock(shape, starts, x.shape);
  return operation(
    [x],
    shape,
    (backend) => backend.pad(x.operand, starts, shape),
    () => [
      (dy) =>
        slice(
          dy,
          starts,
          starts.map((start, axis) => start + x.shape[axis]),
        ),
    ],
    'nothing',
  );
});

/** Rows [start, end) along the first axis. */
export const sliceRows = define('sliceRows', (x: Tensor, start: number, end: number): Tensor => {
  const rest = x.shape.slice(1);
  return slice(x, [start, ...rest.map(() => 0)], [end, ...rest]);
});

/** Joins tensors along `axis`; all other lengths must agree. Each part's gradient is its slice. */
export const concat = define('concat', (xs: readonly Tensor[], axis: number = 0): Tensor => {
  if (xs.length === 0) throw new ArgumentError('xs must have at least one tensor.');
  const along = normalizeAxis(axis, xs[0].rank);
  const ends: number[] = [];
  for (const x of xs) {
    if (x.rank !== xs[0].rank || x.shape.some((n, i) => i !== along && n !== xs[0].shape[i])) {
      throw new ArgumentError(
        `the shapes ${xs.map((t) => formatShape(t.shape)).join(', ')} do not fit along axis ${along}.`,
      );
    }
    ends.push((ends.at(-1) ?? 0) + x.shape[along]);
  }
  const shape = xs[0].shape.map((n, i) => (i === along ? ends[ends.length - 1] : n));
  return operation(
    xs,
    shape,
    (backend) =>
      backend.concat(
        xs.map((x) => x.operand),
        along,
      ),
    () =>
      xs.map((x, i) => (dy: Tensor) => {
        const starts = shape.map((_, j) => (j === along ? ends[i] - x.shape[along] : 0));
        const stops = shape.map((n, j) => (j === along ? ends[i] : n));
        return slice(dy, starts, stops);
      }),
    'nothing',
  );
});
