import type { ReduceOp, Shape } from '../backends/backend.ts';
import { define } from '../tensor/define.ts';
import { recordOutput } from '../tensor/graph.ts';
import { ArgumentError, formatShape, normalizeAxis, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { div, mul, sub } from './arithmetic.ts';
import { broadcastTo } from './broadcast.ts';
import { equal, where } from './compare.ts';
import { operation } from './operation.ts';
import { scalarLike } from './scalar.ts';

export interface ReduceOptions {
  /** Axes to reduce over, negative ones counted from the end; default all. */
  readonly axes?: readonly number[];
  /** Keep reduced axes with length 1. Default false. */
  readonly keepDims?: boolean;
}

/** The same elements in the same order under another shape, without a copy. One length may be -1: it is worked out. */
export const reshape = define('reshape', (x: Tensor, shape: Shape): Tensor => {
  const target = shape.slice();
  const unknown = shape.indexOf(-1);
  if (unknown >= 0) target[unknown] = -x.size / sizeOf(shape);
  // A second unknown length is negative still, a length that cannot be is a fraction or NaN.
  if (sizeOf(target) !== x.size || (unknown >= 0 && !target.every((n) => Number.isInteger(n) && n >= 0))) {
    throw new ArgumentError(`Shape ${formatShape(x.shape)} cannot be read as ${formatShape(shape)}.`);
  }
  const y = x.view(target);
  return x.requiresGrad ? recordOutput(y, [x], (dy) => [reshape(dy, x.shape)]) : y;
});

interface ReducedAxes {
  axes: number[];
  /** Shape with the reduced axes of length 1. */
  kept: Shape;
  /** Shape of the result. */
  shape: Shape;
}

function reduction(x: Tensor, { axes, keepDims = false }: ReduceOptions): ReducedAxes {
  if (!axes) {
    const kept = x.shape.map(() => 1);
    return { axes: x.shape.map((_, axis) => axis), kept, shape: keepDims ? kept : [] };
  }
  const kept = x.shape.slice();
  const isReduced = new Array<boolean>(x.rank).fill(false);
  for (const axis of axes) {
    const positive = normalizeAxis(axis, x.rank);
    if (isReduced[positive]) {
      throw new ArgumentError(`axes [${axes.join(', ')}] name an axis of ${formatShape(x.shape)} twice.`);
    }
    isReduced[positive] = true;
    kept[positive] = 1;
  }
  const sorted: number[] = [];
  const left: number[] = [];
  x.shape.forEach((n, axis) => {
    if (isReduced[axis]) sorted.push(axis);
    else left.push(n);
  });
  return { axes: sorted, kept, shape: keepDims ? kept : left };
}

function reduce(op: ReduceOp, x: Tensor, { axes, shape }: ReducedAxes, vjp: (y: Tensor, dy: Tensor) => Tensor): Tensor {
  return operation(
    [x],
    shape,
    (backend) => backend.reduce(op, x.operand, axes),
    (y) => [(dy) => vjp(y, dy)],
  );
}

/** The sum over `axes`: every element that was added gets the gradient of its sum. */
export const sum = define('sum', (x: Tensor, options: ReduceOptions = {}): Tensor => {
  const r = reduction(x, options);
  return reduce('sum', x, r, (_y, dy) => broadcastTo(reshape(dy, r.kept), x.shape));
});

/** The mean over `axes`. */
export const mean = define('mean', (x: Tensor, options: ReduceOptions = {}): Tensor => {
  const total = sum(x, options);
  return mul(total, total.size / x.size);
});

/**
 * The largest element over `axes`, NaN if one is NaN: it alone gets the gradient; equal ones share it.
 *
 * @throws RangeError for the largest of no numbers
 */
export const max = define('max', (x: Tensor, options: ReduceOptions = {}): Tensor => {
  const r = reduction(x, options);
  if (x.size === 0 && sizeOf(r.shape) > 0) {
    throw new ArgumentError(`the largest of no numbers: x has the shape ${formatShape(x.shape)}.`);
  }
  return reduce('max', x, r, (y, dy) => {
    const largest = reshape(y, r.kept);
    // NaN equals nothing.
    const isMax = where(equal(largest, largest), equal(x, largest), sub(1, equal(x, x)));
    const ties = sum(isMax, { axes: r.axes, keepDims: true });
    return where(isMax, div(reshape(dy, r.kept), ties), scalarLike(x, 0));
  });
});
