// Rows of a table by number. `ids` are int32 words; a negative one stands for no row.
import { at } from './simd';

/** out[r] = table[ids[r]] or zeros, rows [start, end). */
export function gather(table: usize, ids: usize, out: usize, width: i32, start: i32, end: i32): void {
  const bytes = <usize>width << 2;
  for (let r = start; r < end; r++) {
    const id = load<i32>(at(ids, r));
    const to = at(out, r * width);
    if (id < 0) memory.fill(to, 0, bytes);
    else memory.copy(to, at(table, id * width), bytes);
  }
}

/** out[ids[r]] += x[r] over all `count` rows, columns [start, end); `out` was cleared before. */
export function scatterAdd(x: usize, ids: usize, out: usize, width: i32, count: i32, start: i32, end: i32): void {
  for (let r = 0; r < count; r++) {
    const id = load<i32>(at(ids, r));
    if (id < 0) continue;
    const from = at(x, r * width);
    const to = at(out, id * width);
    let j = start;
    for (; j + 4 <= end; j += 4) v128.store(at(to, j), f32x4.add(v128.load(at(to, j)), v128.load(at(from, j))));
    for (; j < end; j++) store<f32>(at(to, j), load<f32>(at(to, j)) + load<f32>(at(from, j)));
  }
}
