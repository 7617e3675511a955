import type { Shape } from '../backends/backend.ts';

/** Numbers in nested arrays, as many deep as there are axes; of a scalar the number itself. */
export type NestedNumbers = number | NestedNumbers[];

/** Row-major values as nested arrays. */
export function nested(values: ArrayLike<number>, shape: Shape): NestedNumbers {
  let next = 0;
  const take = (axis: number): NestedNumbers =>
    axis === shape.length ? values[next++] : Array.from({ length: shape[axis] }, () => take(axis + 1));
  return take(0);
}
