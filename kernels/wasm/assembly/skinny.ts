// The product of a few rows with a transposed matrix: dot products, which need no packing.
import { at, atOptional, storeUpTo4 } from './simd';

/**
 * Columns [start, end) of c [rows, n] = init + a [rows, k] b^T, b stored [n, k]; `init` as in gemm. Four rows of b at a time
 * meet all rows of a, two by two; instead of a row that is missing the last one is used.
 */
export function gemmSkinny(
  a: usize,
  ldA: i32,
  b: usize,
  ldB: i32,
  init: usize,
  ldInit: i32,
  c: usize,
  ldC: i32,
  rows: i32,
  k: i32,
  start: i32,
  end: i32,
): void {
  const whole = k & ~3;
  for (let j = start; j < end; j += 4) {
    const columns = min(4, end - j);
    for (let i = 0; i < rows; i += 2) {
      const high = min(2, rows - i);
      const from = atOptional(init, i * ldInit + j);
      const to = at(c, i * ldC + j);
      tile(at(a, i * ldA), ldA, at(b, j * ldB), ldB, whole, from, ldInit, to, ldC, high, columns);
      if (whole < k) rest(at(a, i * ldA + whole), ldA, at(b, j * ldB + whole), ldB, k - whole, to, ldC, high, columns);
    }
  }
}

@inline
function tile(
  a: usize,
  ldA: i32,
  b: usize,
  ldB: i32,
  k: i32,
  init: usize,
  ldInit: i32,
  c: usize,
  ldC: i32,
  rows: i32,
  columns: i32,
): void {
  const second = rows - 1;
  let a1 = at(a, second * ldA);
  let b1 = at(b, min(1, columns - 1) * ldB);
  let b2 = at(b, min(2, columns - 1) * ldB);
  let b3 = at(b, min(3, columns - 1) * ldB);
  const zero = f32x4.splat(0);
  let s00 = zero;
  let s01 = zero;
  let s02 = zero;
  let s03 = zero;
  let s10 = zero;
  let s11 = zero;
  let s12 = zero;
  let s13 = zero;
  const stop = at(a, k);
  while (a < stop) {
    const x = v128.load(a);
    const y = v128.load(a1);
    const v0 = v128.load(b);
    s00 = f32x4.add(s00, f32x4.mul(x, v0));
    s10 = f32x4.add(s10, f32x4.mul(y, v0));
    const v1 = v128.load(b1);
    s01 = f32x4.add(s01, f32x4.mul(x, v1));
    s11 = f32x4.add(s11, f32x4.mul(y, v1));
    const v2 = v128.load(b2);
    s02 = f32x4.add(s02, f32x4.mul(x, v2));
    s12 = f32x4.add(s12, f32x4.mul(y, v2));
    const v3 = v128.load(b3);
    s03 = f32x4.add(s03, f32x4.mul(x, v3));
    s13 = f32x4.add(s13, f32x4.mul(y, v3));
    a += 16;
    a1 += 16;
    b += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
  }
  finish(c, init, s00, s01, s02, s03, columns);
  finish(at(c, second * ldC), atOptional(init, second * ldInit), s10, s11, s12, s13, columns);
}

/** c = init + the lane sums of four vectors. */
@inline
function finish(c: usize, init: usize, s0: v128, s1: v128, s2: v128, s3: v128, columns: i32): void {
  const t01 = f32x4.add(v128.shuffle<f32>(s0, s1, 0, 4, 1, 5), v128.shuffle<f32>(s0, s1, 2, 6, 3, 7));
  const t23 = f32x4.add(v128.shuffle<f32>(s2, s3, 0, 4, 1, 5), v128.shuffle<f32>(s2, s3, 2, 6, 3, 7));
  let sums = f32x4.add(v128.shuffle<f32>(t01, t23, 0, 1, 4, 5), v128.shuffle<f32>(t01, t23, 2, 3, 6, 7));
  if (init != 0) sums = f32x4.add(sums, v128.load(init));
  storeUpTo4(c, sums, columns);
}

/** Adds the products of the last k < 4 columns of a and b. */
function rest(a: usize, ldA: i32, b: usize, ldB: i32, k: i32, c: usize, ldC: i32, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const to = at(c, i * ldC + j);
      let sum = load<f32>(to);
      for (let l = 0; l < k; l++) sum += load<f32>(at(a, i * ldA + l)) * load<f32>(at(b, j * ldB + l));
      store<f32>(to, sum);
    }
  }
}
