/**
 * Products with a matrix of which few values are kept, written to be read: the definition of what faster kernels compute.
 *
 * The matrix W [rows, columns] is held in compressed sparse rows (CSR): the kept values of row 0 from left to right, then those of row 1,
 * and so on; beside each the number of its column; and where each row begins in that list. So a product takes a multiplication for
 * each value that is kept, and none for a zero. The kept values are an array like any other, and each product below is linear in it:
 *
 * - y = x Wᵀ, so with the gradient dy: dx = dy W, and the gradient of the value at (r, c) is Σ_t dy[t, r] x[t, c].
 * - z = y W, so dy = dz Wᵀ, and the gradient of the value at (r, c) is Σ_t y[t, r] dz[t, c].
 * - s = Σ_t y[t, r] x[t, c] at the kept places; with the gradient ds as the values of a matrix S: dy = x Sᵀ and dx = y S.
 *
 * Derivatives of any order thus need these three alone. Every sum is accumulated in float64.
 */
import type { FloatArray, SparseOperand } from '../backend.ts';

/** The places of kept values in a matrix. */
export interface Places {
  readonly opaque: 'places';
  readonly rows: number;
  readonly columns: number;
  /** [rows + 1] where the values of each row begin, and the number of all. */
  readonly starts: Uint32Array;
  /** The column of each value. */
  readonly column: Uint32Array;
  /** The number of kept values. */
  readonly length: number;
  readonly bytes: number;
}
type Matrix = SparseOperand<FloatArray, Places>;

/** The places where a mask [rows, columns] is not 0. */
export function placesOf(mask: ArrayLike<number>, rows: number, columns: number): Places {
  const starts = new Uint32Array(rows + 1);
  const column: number[] = [];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) if (mask[r * columns + c] !== 0) column.push(c);
    starts[r + 1] = column.length;
  }
  const { length } = column;
  const bytes = 4 * (starts.length + length);
  return { opaque: 'places', rows, columns, starts, column: Uint32Array.from(column), length, bytes };
}

/** Calls `visit` with the row, the column and the number of each kept value. */
function forEachPlace(
  { rows, starts, column }: Places,
  visit: (row: number, column: number, value: number) => void,
): void {
  for (let r = 0; r < rows; r++) for (let e = starts[r]; e < starts[r + 1]; e++) visit(r, column[e], e);
}

export function maskOf(places: Places): Uint8Array {
  const mask = new Uint8Array(places.rows * places.columns);
  forEachPlace(places, (r, c) => {
    mask[r * places.columns + c] = 1;
  });
  return mask;
}

export function toDense({ values, places }: Matrix): Float64Array {
  const dense = new Float64Array(places.rows * places.columns);
  forEachPlace(places, (r, c, e) => {
    dense[r * places.columns + c] = values[e];
  });
  return dense;
}

export function keptValues(dense: FloatArray, places: Places): Float64Array {
  const values = new Float64Array(places.length);
  forEachPlace(places, (r, c, e) => {
    values[e] = dense[r * places.columns + c];
  });
  return values;
}

/** x [n, columns] Wᵀ + bias [rows] */
export function linear(x: FloatArray, n: number, { values, places }: Matrix, bias: FloatArray | null): Float64Array {
  const { rows, columns } = places;
  const y = new Float64Array(n * rows);
  for (let t = 0; t < n; t++) {
    forEachPlace(places, (r, c, e) => {
      y[t * rows + r] += x[t * columns + c] * values[e];
    });
    for (let r = 0; bias && r < rows; r++) y[t * rows + r] += bias[r];
  }
  return y;
}

/** y [n, rows] W */
export function matmul(y: FloatArray, n: number, { values, places }: Matrix): Float64Array {
  const { rows, columns } = places;
  const x = new Float64Array(n * columns);
  for (let t = 0; t < n; t++) {
    forEachPlace(places, (r, c, e) => {
      x[t * columns + c] += y[t * rows + r] * values[e];
    });
  }
  return x;
}

/** Σ_t y[t, r] x[t, c] at each place (r, c), of y [n, rows] and x [n, columns]. */
export function sampledMatmul(y: FloatArray, x: FloatArray, n: number, places: Places): Float64Array {
  const { rows, columns } = places;
  const sums = new Float64Array(places.length);
  for (let t = 0; t < n; t++) {
    forEachPlace(places, (r, c, e) => {
      sums[e] += y[t * rows + r] * x[t * columns + c];
    });
  }
  return sums;
}
