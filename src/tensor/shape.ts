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
  return a.length === b.length && a.every((n, axis) => n === b[axis]);
}

/** The shape that all `shapes` broadcast to (NumPy's rule). @throws ArgumentError naming the shapes that do not fit */
export function broadcastShapes(...shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let n = 1;
    for (const shape of shapes) {
      const own = shape[axis - rank + shape.length] ?? 1;
      if (own !== 1 && n !== 1 && own !== n) {
        throw new ArgumentError(`Shapes ${shapes.map(formatShape).join(' and ')} do not broadcast.`);
      }
      if (own !== 1) n = own;
    }
    return n;
  });
}

/** An axis counted from the end when negative. @throws ArgumentError when it is outside the rank */
export function normalizeAxis(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new ArgumentError(`Axis ${axis} is outside a tensor of rank ${rank}.`);
  }
  return positive;
}
