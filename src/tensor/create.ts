import type { Shape } from '../backends/backend.ts';
import { getBackend } from '../backends/index.ts';
import type { StoredNumbers } from '../backends/stored.ts';
import type { Random } from '../random/random.ts';
import { formatShape, sizeOf } from './shape.ts';
import { Tensor } from './tensor.ts';

export type NestedArray = number | readonly NestedArray[];
export interface TensorOptions {
  /** Make it a leaf that `grad` and `backward` can differentiate by. Default false. */
  readonly requiresGrad?: boolean;
}

function isNested(values: NestedArray | ArrayLike<number>): values is NestedArray {
  return typeof values === 'number' || Array.isArray(values);
}

/** The shape of nested arrays; their numbers are appended to `flat`. */
function flatten(values: NestedArray, flat: number[]): number[] {
  if (typeof values === 'number') {
    flat.push(values);
    return [];
  }
  const shapes = values.map((item) => flatten(item, flat));
  if (shapes.some((shape) => formatShape(shape) !== formatShape(shapes[0]))) {
    throw new Error('Nested arrays must have the same lengths at each depth.');
  }
  return [values.length, ...(shapes[0] ?? [])];
}

/**
 * A tensor from nested arrays (the shape is theirs), or from flat values and a shape.
 *
 * @throws Error if nested arrays are ragged or the number of values does not fit the shape
 */
export function tensor(
  values: NestedArray | ArrayLike<number>,
  shape?: Shape,
  { requiresGrad = false }: TensorOptions = {},
): Tensor {
  let flat: ArrayLike<number> = [];
  let ownShape: Shape;
  if (isNested(values)) {
    const collected: number[] = [];
    ownShape = flatten(values, collected);
    flat = collected;
  } else {
    ownShape = [values.length];
    flat = values;
  }
  const finalShape = shape ?? ownShape;
  assertFits(flat.length, finalShape);
  const backend = getBackend();
  return Tensor.fromBuffer(backend, backend.upload(flat), finalShape, requiresGrad);
}

/** @internal A tensor of numbers that a file holds, read to where the backend keeps them. @throws as {@link tensor} */
export function storedTensor(
  numbers: StoredNumbers,
  shape: Shape,
  { requiresGrad = false }: TensorOptions = {},
): Tensor {
  assertFits(numbers.length, shape);
  const backend = getBackend();
  return Tensor.fromBuffer(backend, backend.uploadStored(numbers, shape), shape, requiresGrad);
}

function assertFits(length: number, shape: Shape): void {
  if (sizeOf(shape) !== length) throw new Error(`${length} values do not fit the shape ${formatShape(shape)}.`);
}

/** A tensor with every element equal to `value`. */
export function full(shape: Shape, value: number, { requiresGrad = false }: TensorOptions = {}): Tensor {
  const backend = getBackend();
  return Tensor.fromBuffer(backend, backend.fill(sizeOf(shape), value), shape, requiresGrad);
}

export const zeros = (shape: Shape, options?: TensorOptions): Tensor => full(shape, 0, options);
export const ones = (shape: Shape, options?: TensorOptions): Tensor => full(shape, 1, options);

/** The identity matrix [n, n]. */
export function eye(n: number): Tensor {
  const values = new Float32Array(n * n);
  for (let i = 0; i < n; i++) values[i * (n + 1)] = 1;
  return tensor(values, [n, n]);
}

/** Normally distributed numbers from an explicit generator. */
export function randomNormal(
  shape: Shape,
  random: Random,
  { mean = 0, std = 1, requiresGrad = false }: TensorOptions & { mean?: number; std?: number } = {},
): Tensor {
  const values = Float64Array.from({ length: sizeOf(shape) }, () => random.normal(mean, std));
  return tensor(values, shape, { requiresGrad });
}

/** Uniformly distributed numbers in [low, high) from an explicit generator. */
export function randomUniform(
  shape: Shape,
  random: Random,
  { low = 0, high = 1, requiresGrad = false }: TensorOptions & { low?: number; high?: number } = {},
): Tensor {
  const values = Float64Array.from({ length: sizeOf(shape) }, () => low + (high - low) * random.uniform());
  return tensor(values, shape, { requiresGrad });
}
