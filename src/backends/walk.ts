import type { Shape } from './backend.ts';
import { broadcastStrides, sizeOf } from './shapes.ts';

/** An array walked by its indices, with strides for each operand. */
export interface Walk {
  readonly shape: readonly number[];
  /** For each operand, its strides. */
  readonly strides: readonly (readonly number[])[];
}

/**
 * The same walk with the fewest axes: axes of length 1 go, neighbours that every operand steps through evenly are joined.
 * At least one axis remains.
 */
export function collapse(shape: Shape, strides: readonly (readonly number[])[]): Walk {
  const lengths: number[] = [];
  const kept: number[][] = strides.map(() => []);
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const last = lengths.length - 1;
    if (last >= 0 && strides.every((own, i) => kept[i][last] === own[axis] * length)) {
      lengths[last] *= length;
      for (let i = 0; i < strides.length; i++) kept[i][last] = strides[i][axis];
    } else {
      lengths.push(length);
      for (let i = 0; i < strides.length; i++) kept[i].push(strides[i][axis]);
    }
  });
  if (lengths.length > 0) return { shape: lengths, strides: kept };
  return { shape: [1], strides: strides.map(() => [1]) };
}

/** Whether an operand of the shape `own` is read from its first number to its last, once. @returns its step; -1 for all others */
function evenStep(own: Shape, size: number): number {
  const count = sizeOf(own);
  return count === size ? 1 : count === 1 ? 0 : -1;
}

/** The walk through a result of this shape and operands that broadcast to it. */
export function elementwiseWalk(shape: Shape, operands: readonly Shape[]): Walk {
  // What is most frequent is also what takes least: one row of numbers.
  const size = sizeOf(shape);
  const steps: number[][] = [];
  for (const own of operands) steps.push([evenStep(own, size)]);
  if (size > 0 && steps.every(([step]) => step >= 0)) return { shape: [size], strides: steps };
  return collapse(
    shape,
    operands.map((own) => broadcastStrides(own, shape)),
  );
}

/** A reduction of the middle axis of [outer, rows, inner]. */
export interface Reduction {
  readonly outer: number;
  readonly rows: number;
  readonly inner: number;
}

/** Reducing `axes` (sorted) as steps over runs of neighbouring axes, the last run first. */
export function reductions(shape: Shape, axes: readonly number[]): Reduction[] {
  const steps: Reduction[] = [];
  let kept = 1;
  for (let last = axes.length - 1; last >= 0; ) {
    let first = last;
    while (first > 0 && axes[first - 1] === axes[first] - 1) first--;
    const end = last + 1 < axes.length ? axes[last + 1] : shape.length;
    kept *= sizeOf(shape.slice(axes[last] + 1, end));
    const rows = sizeOf(shape.slice(axes[first], axes[last] + 1));
    steps.push({ outer: sizeOf(shape.slice(0, axes[first])), rows, inner: kept });
    last = first - 1;
  }
  return steps;
}
