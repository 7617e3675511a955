import type { Shape } from '../backends/backend.ts';

export { broadcastStrides, sizeOf, stridesOf } from '../backends/shapes.ts';

export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, axis) => n === b[axis]);
}

/** The shape that all `shapes` broadcast to (NumPy's rule). @throws Error naming the shapes that do not fit */
export function broadcastShapes(...shapes: Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let n = 1;
    for (const shape of shapes) {
      const own = shape[axis - rank + shape.length] ?? 1;
      if (own !== 1 && n !== 1 && own !== n) {
        throw new Error(`Shapes ${shapes.map(formatShape).join(' and ')} do not broadcast.`);
      }
      if (own !== 1) n = own;
    }
    return n;
  });
}

/** An axis counted from the end when negative. @throws Error when it is outside the rank */
export function normalizeAxis(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new Error(`Axis ${axis} is outside a tensor of rank ${rank}.`);
  }
  return positive;
}
