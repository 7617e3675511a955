// Softmax along rows of n floats, rows [start, end).
import * as math from './math';
import { rowSum } from './reduce';
import { at, loadTail, loadUpTo4, storeUpTo4, sumLanes } from './simd';

/** The largest of n numbers, NaN left out: it reaches the result through the exponentials. */
export function largest(x: usize, n: i32): f32 {
  let a = f32x4.splat(-Infinity);
  let b = a;
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    a = f32x4.pmax(a, v128.load(at(x, i)));
    b = f32x4.pmax(b, v128.load(at(x, i), 16));
  }
  for (; i < n; i += 4) a = f32x4.pmax(a, loadUpTo4(at(x, i), n - i, -Infinity));
  a = f32x4.pmax(a, b);
  a = f32x4.pmax(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  a = f32x4.pmax(a, v128.shuffle<f32>(a, a, 1, 0, 3, 2));
  return f32x4.extract_lane(a, 0);
}

/** to = e^(scale * x - shift) for one row. @returns the sum */
export function expRow(x: usize, to: usize, n: i32, scale: f32, shift: f32): f32 {
  const s = f32x4.splat(scale);
  const t = f32x4.splat(shift);
  let sum = f32x4.splat(0);
  let sum2 = f32x4.splat(0);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const low = math.exp(f32x4.sub(f32x4.mul(v128.load(at(x, i)), s), t));
    const high = math.exp(f32x4.sub(f32x4.mul(v128.load(at(x, i), 16), s), t));
    v128.store(at(to, i), low);
    v128.store(at(to, i), high, 16);
    sum = f32x4.add(sum, low);
    sum2 = f32x4.add(sum2, high);
  }
  for (; i < n; i += 4) {
    // The lanes after the row are e^-infinity = 0.
    const e = math.exp(f32x4.sub(f32x4.mul(loadUpTo4(at(x, i), n - i, -Infinity), s), t));
    storeUpTo4(at(to, i), e, n - i);
    sum = f32x4.add(sum, e);
  }
  return sumLanes(f32x4.add(sum, sum2));
}

@inline
export function scaleRow(x: usize, n: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const low = f32x4.mul(v128.load(at(x, i)), f);
    const high = f32x4.mul(v128.load(at(x, i), 16), f);
    v128.store(at(x, i), low);
    v128.store(at(x, i), high, 16);
  }
  for (; i < n; i += 4) storeUpTo4(at(x, i), f32x4.mul(v128.load(at(x, i)), f), n - i);
}

export function softmax(x: usize, out: usize, n: i32, start: i32, end: i32): void {
  if (start >= end) return;
  let top = largest(at(x, start * n), n);
  for (let r = start; r < end; r++) {
    const from = at(x, r * n);
    const to = at(out, r * n);
    // One row ahead, so that the exponentials need not wait for it.
    const nextTop = r + 1 < end ? largest(at(from, n), n) : top;
    scaleRow(to, n, 1 / expRow(from, to, n, 1, top));
    top = nextTop;
  }
}

/** Sum of a_i b_i. */
export function dotRow(a: usize, b: usize, n: i32): f32 {
  let s = f32x4.splat(0);
  let t = f32x4.splat(0);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    s = f32x4.add(s, f32x4.mul(v128.load(at(a, i)), v128.load(at(b, i))));
    t = f32x4.add(t, f32x4.mul(v128.load(at(a, i), 16), v128.load(at(b, i), 16)));
  }
  s = f32x4.add(s, t);
  for (; i + 4 <= n; i += 4) s = f32x4.add(s, f32x4.mul(v128.load(at(a, i)), v128.load(at(b, i))));
  if (i < n) s = f32x4.add(s, f32x4.mul(loadTail(at(a, i), n - i, 0), loadTail(at(b, i), n - i, 0)));
  return sumLanes(s);
}

/** dx = y (dy - sum(dy y)). */
export function softmaxBackward(y: usize, dy: usize, dx: usize, n: i32, start: i32, end: i32): void {
  for (let r = start; r < end; r++) {
    const row = r * n;
    const mean = f32x4.splat(dotRow(at(y, row), at(dy, row), n));
    for (let i = 0; i < n; i += 4) {
      const g = f32x4.mul(v128.load(at(y, row + i)), f32x4.sub(v128.load(at(dy, row + i)), mean));
      storeUpTo4(at(dx, row + i), g, n - i);
    }
  }
}

/** y = x - max - log(sum(e^(x - max))). */
export function logSoftmax(x: usize, out: usize, n: i32, start: i32, end: i32): void {
  for (let r = start; r < end; r++) {
    const from = at(x, r * n);
    const to = at(out, r * n);
    const top = largest(from, n);
    const logSum = f32x4.splat(Mathf.log(expRow(from, to, n, 1, top)));
    for (let i = 0; i < n; i += 4) {
      const y = f32x4.sub(f32x4.sub(v128.load(at(from, i)), f32x4.splat(top)), logSum);
      storeUpTo4(at(to, i), y, n - i);
    }
  }
}

/** dx = dy - e^y sum(dy). */
export function logSoftmaxBackward(y: usize, dy: usize, dx: usize, n: i32, start: i32, end: i32): void {
  for (let r = start; r < end; r++) {
    const row = r * n;
    const sum = f32x4.splat(rowSum(at(dy, row), n));
    for (let i = 0; i < n; i += 4) {
      const e = math.exp(v128.load(at(y, row + i)));
      const g = f32x4.sub(v128.load(at(dy, row + i)), f32x4.mul(e, sum));
      storeUpTo4(at(dx, row + i), g, n - i);
    }
  }
}
