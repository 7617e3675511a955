// Sums and maxima. A long sum is a sum of sums of blocks, so that rounding errors grow with the number of blocks only.
import { at, loadTail, maxLanes, storeUpTo4, sumLanes } from './simd';

abstract class Monoid {
  abstract start(): f32;
  abstract join(a: v128, b: v128): v128;
  abstract lanes(x: v128): f32;
}
@final
class Sum extends Monoid {
  @inline
  start(): f32 {
    return 0;
  }
  @inline
  join(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
  @inline
  lanes(x: v128): f32 {
    return sumLanes(x);
  }
}
@final
class Max extends Monoid {
  @inline
  start(): f32 {
    return -Infinity;
  }
  @inline
  join(a: v128, b: v128): v128 {
    return f32x4.max(a, b);
  }
  @inline
  lanes(x: v128): f32 {
    return maxLanes(x);
  }
}

/** Floats that one accumulator chain of 16 lanes takes before its result joins the total. */
const ROW_BLOCK = 1024;
/** Rows that one accumulator takes before its result joins the total. */
const COLUMN_BLOCK = 64;

@inline
function rowOf<M extends Monoid>(x: usize, n: i32): f32 {
  const m = changetype<M>(0);
  const neutral = f32x4.splat(m.start());
  let total = neutral;
  let i = 0;
  while (i + 16 <= n) {
    const stop = min(n - 15, i + ROW_BLOCK);
    let a = neutral;
    let b = neutral;
    let c = neutral;
    let d = neutral;
    for (; i < stop; i += 16) {
      a = m.join(a, v128.load(at(x, i)));
      b = m.join(b, v128.load(at(x, i), 16));
      c = m.join(c, v128.load(at(x, i), 32));
      d = m.join(d, v128.load(at(x, i), 48));
    }
    total = m.join(total, m.join(m.join(a, b), m.join(c, d)));
  }
  for (; i + 4 <= n; i += 4) total = m.join(total, v128.load(at(x, i)));
  if (i < n) total = m.join(total, loadTail(at(x, i), n - i, m.start()));
  return m.lanes(total);
}

export function rowSum(x: usize, n: i32): f32 {
  return rowOf<Sum>(x, n);
}
export function rowMax(x: usize, n: i32): f32 {
  return rowOf<Max>(x, n);
}

/** [rows, n] -> [rows], rows [start, end). */
export function sumRows(x: usize, out: usize, n: i32, start: i32, end: i32): void {
  for (let r = start; r < end; r++) store<f32>(at(out, r), rowSum(at(x, r * n), n));
}
export function maxRows(x: usize, out: usize, n: i32, start: i32, end: i32): void {
  for (let r = start; r < end; r++) store<f32>(at(out, r), rowMax(at(x, r * n), n));
}

/** `count` columns of a matrix with `rows` rows that are `stride` floats apart. */
@inline
function columnsOf<M extends Monoid>(x: usize, out: usize, rows: i32, stride: i32, count: i32): void {
  const m = changetype<M>(0);
  const neutral = f32x4.splat(m.start());
  const next = <usize>stride << 2;
  let j = 0;
  for (; j + 16 <= count; j += 16) {
    let t0 = neutral;
    let t1 = neutral;
    let t2 = neutral;
    let t3 = neutral;
    let from = at(x, j);
    for (let r = 0; r < rows; ) {
      const stop = min(rows, r + COLUMN_BLOCK);
      let a = neutral;
      let b = neutral;
      let c = neutral;
      let d = neutral;
      for (; r < stop; r++) {
        a = m.join(a, v128.load(from));
        b = m.join(b, v128.load(from, 16));
        c = m.join(c, v128.load(from, 32));
        d = m.join(d, v128.load(from, 48));
        from += next;
      }
      t0 = m.join(t0, a);
      t1 = m.join(t1, b);
      t2 = m.join(t2, c);
      t3 = m.join(t3, d);
    }
    v128.store(at(out, j), t0);
    v128.store(at(out, j), t1, 16);
    v128.store(at(out, j), t2, 32);
    v128.store(at(out, j), t3, 48);
  }
  for (; j < count; j += 4) {
    let total = neutral;
    let from = at(x, j);
    for (let r = 0; r < rows; ) {
      const stop = min(rows, r + COLUMN_BLOCK);
      let a = neutral;
      for (; r < stop; r++) {
        a = m.join(a, v128.load(from));
        from += next;
      }
      total = m.join(total, a);
    }
    storeUpTo4(at(out, j), total, count - j);
  }
}

@inline
function overColumns<M extends Monoid>(x: usize, out: usize, rows: i32, inner: i32, start: i32, end: i32): void {
  for (let i = start; i < end; ) {
    const outer = i / inner;
    const column = i - outer * inner;
    const count = min(inner - column, end - i);
    columnsOf<M>(at(x, outer * rows * inner + column), at(out, i), rows, inner, count);
    i += count;
  }
}

/** [outer, rows, inner] -> [outer, inner], elements [start, end) of the result. */
export function sumColumns(x: usize, out: usize, rows: i32, inner: i32, start: i32, end: i32): void {
  overColumns<Sum>(x, out, rows, inner, start, end);
}
export function maxColumns(x: usize, out: usize, rows: i32, inner: i32, start: i32, end: i32): void {
  overColumns<Max>(x, out, rows, inner, start, end);
}
