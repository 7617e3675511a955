import { type Backend, type Shape, Tensor } from '../../src/index.ts';
import { sizeOf } from '../../src/tensor/shape.ts';

/** An array of numbers on no backend, row-major. */
export interface Values {
  readonly shape: Shape;
  readonly values: ArrayLike<number>;
}

export function toTensor(backend: Backend, { values, shape }: Values, requiresGrad = false): Tensor {
  return Tensor.fromBuffer(backend, backend.upload(values), shape, requiresGrad);
}

export function fromTensor(x: Tensor): Values {
  return { shape: x.shape, values: x.dataSync() };
}

/** The array with `element(index)` at each index. */
export function build(shape: Shape, element: (index: readonly number[]) => number): Values {
  const values = Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const index = shape.map(() => 0);
    for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    return element(index);
  });
  return { shape, values };
}

/** The element at `index`, with broadcasting: leading axes may be missing, axes of length 1 are repeated. */
export function at({ shape, values }: Values, index: readonly number[]): number {
  const own = index.slice(index.length - shape.length);
  return values[shape.reduce((flat, n, axis) => flat * n + (n === 1 ? 0 : own[axis]), 0)];
}

/** The common shape of arrays that broadcast. */
export function commonShape(...arrays: readonly Pick<Values, 'shape'>[]): number[] {
  const rank = Math.max(...arrays.map(({ shape }) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...arrays.map(({ shape }) => shape[axis - rank + shape.length] ?? 1)),
  );
}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

export const total = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

/** Coefficients without a pattern that a sum could cancel; exact in float32. */
export function coefficients(shape: Shape, seed = 0): Values {
  return { shape, values: range(sizeOf(shape)).map((i) => (((i + seed) * 7 + 3) % 11) / 8 - 0.5) };
}
/** The numbers of x along its last axis at each leading index become the row that `f` gives. */
export function alongRows({ shape, values }: Values, f: (row: number[]) => number[]): Values {
  const n = shape[shape.length - 1];
  return { shape, values: range(values.length / n).flatMap((r) => f(Array.from(values).slice(r * n, (r + 1) * n))) };
}

/** Axes reordered, by index. */
export function permuted(x: Values, order: readonly number[]): Values {
  const shape = order.map((axis) => x.shape[axis]);
  return build(shape, (index) => {
    const source = x.shape.map(() => 0);
    order.forEach((axis, i) => {
      source[axis] = index[i];
    });
    return at(x, source);
  });
}

export function softmaxOf(row: readonly number[]): number[] {
  const top = Math.max(...row);
  const e = row.map((x) => Math.exp(x - top));
  return e.map((x) => x / total(e));
}
