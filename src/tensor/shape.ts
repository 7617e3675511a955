import type { Shape } from '../backends/backend.ts';

export { broadcastStrides, sizeOf, stridesOf } from '../backends/shapes.ts';

/** Arguments of an operation that do not fit each other. */
export class ArgumentError extends RangeError {
  readonly #problem: string;

  /** @param name the function, as far as it is known */
  constructor(problem: string, name?: string) {
    super(name ? `${name}: ${problem}` : problem);
    this.#problem = problem;
  }

  /** The same as an error of the function `name`. */
  in(name: string): ArgumentError {
    return new ArgumentError(this.#problem, name);
  }
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** The shape that all `shapes` broadcast to (NumPy's rule), null if there is none. */
export function commonShape(...shapes: readonly Shape[]): Shape | null {
  let common = shapes[0];
  for (const own of shapes) {
    if (sameShape(own, common)) continue;
    const rank = Math.max(own.length, common.length);
    const joined: number[] = [];
    for (let axis = 0; axis < rank; axis++) {
      const before = common[axis - rank + common.length] ?? 1;
      const n = own[axis - rank + own.length] ?? 1;
      if (n !== 1 && before !== 1 && n !== before) return null;
      joined.push(n === 1 ? before : n);
    }
    common = joined;
  }
  return common;
}

/** The same. @throws ArgumentError naming the shapes that do not fit */
export function broadcastShapes(...shapes: readonly Shape[]): Shape {
  const common = commonShape(...shapes);
  if (common) return common;
  throw new ArgumentError(`Shapes ${shapes.map(formatShape).join(' and ')} do not broadcast.`);
}

/** An axis counted from the end when negative. @throws ArgumentError when it is outside the rank */
export function normalizeAxis(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new ArgumentError(`Axis ${axis} is outside a tensor of rank ${rank}.`);
  }
  return positive;
}
