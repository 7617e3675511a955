import type { ReduceOp, Shape } from '../backends/backend.ts';
import { define } from '../tensor/define.ts';
import { recordOutput } from '../tensor/graph.ts';
import { ArgumentError, formatShape, normalizeAxis, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { div, mul, sub } from './arithmetic.ts';
import { broadcastTo } from './broadcast.ts';
import { equal, where } from './compare.ts';
import { operation, type Reads } from './operation.ts';
import { scalarLike } from './scalar.ts';

export interface ReduceOptions {
  /** The axis or axes to reduce over, negative ones counted from the end; default all. */
  readonly axis?: number | readonly number[];
  /** Keep reduced axes with length 1. Default false. */
  readonly keepDims?: boolean;
}

/** The same elements in the same order under another shape, without a copy. One length may be -1: it is worked out. */
export const reshape = define('reshape', (x: Tensor, shape: Shape): Tensor => {
  const target = shape.slice();
  let [size, unknown] = [1, -1];
  for (let axis = 0; axis < shape.length; axis++) {
    const n = shape[axis];
    if (n >= 0 && ((n | 0) === n || Number.isSafeInteger(n))) size *= n;
    else if (n === -1 && unknown < 0) unknown = axis;
    else throw unreadable(x, shape);
  }
  if (unknown >= 0) {
    target[unknown] = x.size / size;
    if (!Number.isInteger(target[unknown])) throw unreadable(x, shape);
  } else if (size !== x.size) throw unreadable(x, shape);
  const y = x.leafView(target);
  return x.requiresGrad ? recordOutput(y, [x], (dy) => [reshape(dy, x.shape)], { reads: [] }) : y;
});

const unreadable = (x: Tensor, shape: Shape): ArgumentError =>
  new ArgumentError(`Shape ${formatShape(x.shape)} cannot be read as ${formatShape(shape)}.`);

interface ReducedAxes {
  axes: number[];
  /** Shape with the reduced axes of length 1. */
  kept: Shape;
  /** Shape of the result. */
  shape: Shape;
}

function reduction(x: Tensor, { axis, keepDims = false }: ReduceOptions): ReducedAxes {
  if (axis === undefined) {
    const kept = x.shape.map(() => 1);
    return { axes: x.shape.map((_, i) => i), kept, shape: keepDims ? kept : [] };
  }
  const axes = typeof axis === 'number' ? [axis] : axis;
  const kept = x.shape.slice();
  const isReduced = new Array<boolean>(x.rank).fill(false);
  for (const each of axes) {
    const positive = normalizeAxis(each, x.rank);
    if (isReduced[positive]) {
      throw new ArgumentError(`axis [${axes.join(', ')}] names an axis of ${formatShape(x.shape)} twice.`);
    }
    isReduced[positive] = true;
    kept[positive] = 1;
  }
  const sorted: number[] = [];
  const left: number[] = [];
  x.shape.forEach((n, i) => {
    if (isReduced[i]) sorted.push(i);
    else left.push(n);
  });
  return { axes: sorted, kept, shape: keepDims ? kept : left };
}

function reduce(
  op: ReduceOp,
  x: Tensor,
  { axes, shape }: ReducedAxes,
  vjp: (y: Tensor, dy: Tensor) => Tensor,
  reads: Reads,
): Tensor {
  return operation(
    [x],
    shape,
    (backend) => backend.reduce(op, x.operand, axes),
    (y) => [(dy) => vjp(y, dy)],
    reads,
  );
}

/** The sum over `axis`: every element that was added gets the gradient of its sum. */
export const sum = define('sum', (x: Tensor, options: ReduceOptions = {}): Tensor => {
  const r = reduction(x, options);
  return reduce('sum', x, r, (_y, dy) => broadcastTo(reshape(dy, r.kept), x.shape), 'nothing');
});

/** The mean over `axis`. */
export const mean = define('mean', (x: Tensor, options: ReduceOptions = {}): Tensor => {
  const total = sum(x, options);
  return mul(total, total.size / x.size);
});

/**
 * The largest element over `axis`, NaN if one is NaN: it alone gets the gradient; equal ones share it.
 *
 * @throws RangeError for the largest of no numbers
 */
export const max = define('max', (x: Tensor, options: ReduceOptions = {}): Tensor => {
  const r = reduction(x, options);
  if (x.size === 0 && sizeOf(r.shape) > 0) {
    throw new ArgumentError(`the largest of no numbers: x has the shape ${formatShape(x.shape)}.`);
  }
  const vjp = (y: Tensor, dy: Tensor) => {
    const largest = reshape(y, r.kept);
    // NaN equals nothing.
    const isMax = where(equal(largest, largest), equal(x, largest), sub(1, equal(x, x)));
    const ties = sum(isMax, { axis: r.axes, keepDims: true });
    return where(isMax, div(reshape(dy, r.kept), ties), scalarLike(x, 0));
  };
  return reduce('max', x, r, vjp, 'all');
});
