import type { Shape } from '../backends/backend.ts';
import { getBackend } from '../backends/index.ts';
import type { StoredNumbers } from '../backends/stored.ts';
import type { Random } from '../random/random.ts';
import { define } from './define.ts';
import { isNumericArray, type NestedArray, show } from './kinds.ts';
import { ArgumentError, formatShape, sameShape, sizeOf } from './shape.ts';
import { Tensor } from './tensor.ts';

export type { NestedArray } from './kinds.ts';
export interface TensorOptions {
  /** Make it a leaf that `grad` and `backward` can differentiate by. Default false. */
  readonly requiresGrad?: boolean;
}

const SCALAR: number[] = [];

/** Appends the numbers of nested arrays to `flat`. @returns their shape @throws ArgumentError for what is no number, and ragged arrays */
function flatten(values: NestedArray, flat: number[]): number[] {
  if (typeof values === 'number') {
    flat.push(values);
    return SCALAR;
  }
  if (!Array.isArray(values) && !isNumericArray(values)) {
    throw new ArgumentError(`values must be numbers in nested arrays; ${show(values)} is among them.`);
  }
  let inner = SCALAR;
  // By index: holes are undefined then.
  for (let i = 0; i < values.length; i++) {
    const own = flatten(values[i], flat);
    if (i === 0) inner = own;
    if (own !== inner && !sameShape(own, inner)) {
      throw new ArgumentError(
        `Nested arrays must have the same lengths at each depth; values has ${formatShape(inner)} beside ${formatShape(own)}.`,
      );
    }
  }
  return [values.length, ...inner];
}

/** @throws ArgumentError if one of them is no number */
function checkedNumbers(values: ArrayLike<unknown>): ArrayLike<number> {
  if (isNumericArray(values)) return values as ArrayLike<number>;
  for (let i = 0; i < values.length; i++) {
    if (typeof values[i] !== 'number')
      throw new ArgumentError(`values[${i}] must be a number, not ${show(values[i])}.`);
  }
  return values as ArrayLike<number>;
}

/** A shape, and not the options that may stand in its place. */
const isShape = (value: Shape | TensorOptions | undefined): value is Shape => Array.isArray(value);

/**
 * A tensor from nested arrays (the shape is theirs), or from flat values and a shape. Options come last: after the shape, or in its
 * place.
 *
 * @throws TypeError or RangeError if nested arrays are ragged or hold what is no number, or the count does not fit the shape
 */
export const tensor = define(
  'tensor',
  (values: NestedArray, shape?: Shape | TensorOptions, options?: TensorOptions): Tensor => {
    if (options && shape && !isShape(shape)) throw new ArgumentError('the options are given twice.');
    const { requiresGrad = false } = options ?? (isShape(shape) ? {} : (shape ?? {}));
    const collected: number[] = [];
    const isNested = typeof values === 'number' || Array.isArray(values);
    const ownShape = isNested ? flatten(values, collected) : [values.length];
    const flat = isNested ? collected : checkedNumbers(values);
    const finalShape = isShape(shape) ? [...shape] : ownShape;
    assertFits(flat.length, finalShape);
    const backend = getBackend();
    return Tensor.fromBuffer(backend, backend.upload(flat), finalShape, requiresGrad);
  },
);

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
  if (sizeOf(shape) !== length) throw new ArgumentError(`${length} values do not fit the shape ${formatShape(shape)}.`);
}

/** A copy of the lengths, which nobody else can change. */
const shapeFrom = (lengths: Shape | number): Shape => (typeof lengths === 'number' ? [lengths] : lengths.slice());

function filled(lengths: Shape | number, value: number, { requiresGrad = false }: TensorOptions): Tensor {
  const [backend, shape] = [getBackend(), shapeFrom(lengths)];
  return Tensor.fromBuffer(backend, backend.fill(sizeOf(shape), value), shape, requiresGrad);
}

/** Numbers from a function of their place. The room is asked for first: to make numbers that do not fit would take minutes. */
function drawn(shape: Shape, draw: (i: number) => number, { requiresGrad = false }: TensorOptions = {}): Tensor {
  const [backend, size] = [getBackend(), sizeOf(shape)];
  backend.free(backend.fill(size, 0));
  const values = Float64Array.from({ length: size }, (_, i) => draw(i));
  return Tensor.fromBuffer(backend, backend.upload(values), shape, requiresGrad);
}

/** A tensor with every element equal to `value`; a number as the shape is the length of a vector. */
export const full = define(
  'full',
  (shape: Shape | number, value: number, options: TensorOptions = {}): Tensor => filled(shape, value, options),
);
export const zeros = define(
  'zeros',
  (shape: Shape | number, options: TensorOptions = {}): Tensor => filled(shape, 0, options),
);
export const ones = define(
  'ones',
  (shape: Shape | number, options: TensorOptions = {}): Tensor => filled(shape, 1, options),
);

/** The identity matrix [n, n]. */
export const eye = define('eye', (n: number): Tensor => drawn([n, n], (i) => (i % (n + 1) === 0 ? 1 : 0)));

/** Normally distributed numbers from an explicit generator. */
export const randomNormal = define(
  'randomNormal',
  (
    shape: Shape | number,
    random: Random,
    { mean = 0, std = 1, requiresGrad = false }: TensorOptions & { readonly mean?: number; readonly std?: number } = {},
  ): Tensor => drawn(shapeFrom(shape), () => random.normal(mean, std), { requiresGrad }),
);

/** Uniformly distributed numbers in [low, high) from an explicit generator. @throws RangeError if high is below low */
export const randomUniform = define(
  'randomUniform',
  (
    shape: Shape | number,
    random: Random,
    { low = 0, high = 1, requiresGrad = false }: TensorOptions & { readonly low?: number; readonly high?: number } = {},
  ): Tensor => {
    if (high < low) throw new ArgumentError(`high ${high} is below low ${low}.`);
    return drawn(shapeFrom(shape), () => low + (high - low) * random.uniform(), { requiresGrad });
  },
);
