// Matrices of which few values are kept, in compressed sparse rows: `starts` are u32 [rows + 1], `columns` u16 [kept]
// (src/backends/reference/sparse.ts).
import { at } from './simd';

@inline
function startOf(starts: usize, row: i32): i32 {
  return load<i32>(at(starts, row));
}

/** dense [rows, n] with the values at their places and 0 elsewhere, rows [start, end). */
export function sparseToDense(values: usize, starts: usize, columns: usize, dense: usize, n: i32, start: i32, end: i32): void {
  memory.fill(at(dense, start * n), 0, <usize>((end - start) * n) << 2);
  for (let r = start; r < end; r++) {
    const row = at(dense, r * n);
    const stop = startOf(starts, r + 1);
    for (let e = startOf(starts, r); e < stop; e++) {
      store<f32>(row + (<usize>load<u16>(columns + (<usize>e << 1)) << 2), load<f32>(at(values, e)));
    }
  }
}

/** The numbers of dense [rows, n] at the places, rows [start, end). */
export function sparseKeptValues(dense: usize, starts: usize, columns: usize, values: usize, n: i32, start: i32, end: i32): void {
  for (let r = start; r < end; r++) {
    const row = at(dense, r * n);
    const stop = startOf(starts, r + 1);
    for (let e = startOf(starts, r); e < stop; e++) {
      store<f32>(at(values, e), load<f32>(row + (<usize>load<u16>(columns + (<usize>e << 1)) << 2)));
    }
  }
}
