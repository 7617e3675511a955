// The product of a few rows with a transposed matrix: dot products, which need no packing. b is read once and in order.
import { dots1x2, dots1x4, dots2x2, dots2x4, dots3x1 } from './dots';
import { tileColumns, tileRows } from './gemm';
import { at, atOptional, loadUpTo4, multiplyAdd, storeUpTo4 } from './simd';

/** Bytes for the sums of three rows with four rows of b, eight each. */
export const SKINNY_SCRATCH: usize = 3 * 4 * 8 * 4;

/** Columns [start, end) of c [rows, n] = init + bias + a [rows, k] b^T, b stored [n, k]; `init` [rows, n] and `bias` [n] are 0 for none. */
export function gemmSkinny(
  a: usize,
  b: usize,
  bias: usize,
  init: usize,
  c: usize,
  rows: i32,
  n: i32,
  k: i32,
  start: i32,
  end: i32,
  scratch: usize,
): void {
  for (let j = start; j < end; j += 4) {
    const columns = min(4, end - j);
    multiplyFour(a, at(b, j * k), atOptional(bias, j), atOptional(init, j), at(c, j), n, rows, columns, k, scratch);
  }
}

/** The same for up to four columns, all rows after one another, while those of b stay in the L1 cache. */
export function multiplyFour(
  a: usize,
  b: usize,
  bias: usize,
  init: usize,
  c: usize,
  n: i32,
  rows: i32,
  columns: i32,
  k: i32,
  lanes: usize,
): void {
  const stride = <usize>k << 2;
  // The tile of a product tells which engine this is: see tile.ts.
  const isWide = tileColumns == 16;
  const hasFewSums = !isWide && tileRows == 4;
  const height = hasFewSums ? 3 : 2;
  for (let i = 0; i < rows; i += height) {
    const high = min(height, rows - i);
    const from = at(a, i * k);
    if (high > 1 && isWide) dots2x4(from, stride, 2, b, stride, columns, k, lanes);
    else if (high == 1 && !hasFewSums) dots1x4(from, stride, 1, b, stride, columns, k, lanes);
    else {
      const wide = high == 1 || !hasFewSums ? 2 : 1;
      for (let j = 0; j < columns; j += wide) {
        const own = min(wide, columns - j);
        const fromB = b + <usize>j * stride;
        const to = lanes + (<usize>j << 5);
        if (high == 1) dots1x2(from, stride, 1, fromB, stride, own, k, to);
        else if (hasFewSums) dots3x1(from, stride, high, fromB, stride, own, k, to);
        else dots2x2(from, stride, 2, fromB, stride, own, k, to);
      }
    }
    for (let r = 0; r < high; r++) {
      finish(at(c, (i + r) * n), lanes + (<usize>r << 7), bias, atOptional(init, (i + r) * n), columns);
    }
  }
}

/** c = init + bias + the lane sums of four times eight numbers. */
@inline
function finish(c: usize, lanes: usize, bias: usize, init: usize, columns: i32): void {
  const s0 = f32x4.add(v128.load(lanes), v128.load(lanes, 16));
  const s1 = f32x4.add(v128.load(lanes, 32), v128.load(lanes, 48));
  const s2 = f32x4.add(v128.load(lanes, 64), v128.load(lanes, 80));
  const s3 = f32x4.add(v128.load(lanes, 96), v128.load(lanes, 112));
  const t01 = f32x4.add(v128.shuffle<f32>(s0, s1, 0, 4, 1, 5), v128.shuffle<f32>(s0, s1, 2, 6, 3, 7));
  const t23 = f32x4.add(v128.shuffle<f32>(s2, s3, 0, 4, 1, 5), v128.shuffle<f32>(s2, s3, 2, 6, 3, 7));
  let sums = f32x4.add(v128.shuffle<f32>(t01, t23, 0, 1, 4, 5), v128.shuffle<f32>(t01, t23, 2, 3, 6, 7));
  if (bias != 0) sums = f32x4.add(sums, v128.load(bias));
  if (init != 0) sums = f32x4.add(sums, v128.load(init));
  storeUpTo4(c, sums, columns);
}

/** Columns of a block of c, which stays in the L1 cache with four rows of b. */
const STRIP = 512;

/**
 * The product of a few rows with b as it lies: columns [start, end) of c [rows, n] = init + bias + a [rows, k] b [k, n]; `start` is
 * a multiple of 4. Rows of b are added in order, each in long pieces: down a column of tiles each step would be in another page.
 */
export function gemmStrips(
  a: usize, b: usize, bias: usize, init: usize, c: usize, rows: i32, n: i32, k: i32, start: i32, end: i32,
): void {
  for (let j = start; j < end; j += STRIP) {
    const columns = min(STRIP, end - j);
    for (let r = 0; r < rows; r++) begin(at(c, r * n + j), atOptional(bias, j), atOptional(init, r * n + j), columns);
    let d = 0;
    for (; d + 4 <= k; d += 4) {
      const from = at(b, d * n + j);
      for (let r = 0; r < rows; r++) addFour(at(c, r * n + j), at(a, r * k + d), from, n, columns);
    }
    for (; d < k; d++) {
      for (let r = 0; r < rows; r++) addOne(at(c, r * n + j), at(a, r * k + d), at(b, d * n + j), columns);
    }
  }
}

/** c = init + bias, or 0. */
function begin(c: usize, bias: usize, init: usize, columns: i32): void {
  for (let i = 0; i < columns; i += 4) {
    let x = f32x4.splat(0);
    if (bias != 0) x = loadUpTo4(at(bias, i), columns - i, 0);
    if (init != 0) x = f32x4.add(x, loadUpTo4(at(init, i), columns - i, 0));
    storeUpTo4(at(c, i), x, columns - i);
  }
}

/** c = c + a0 b0 + a1 b1 + a2 b2 + a3 b3, in this order. */
@inline
function sumOfFour(c: v128, a0: v128, a1: v128, a2: v128, a3: v128, b0: v128, b1: v128, b2: v128, b3: v128): v128 {
  return multiplyAdd(a3, b3, multiplyAdd(a2, b2, multiplyAdd(a1, b1, multiplyAdd(a0, b0, c))));
}

function addFour(c: usize, a: usize, b: usize, n: i32, columns: i32): void {
  const a0 = v128.load32_splat(a), a1 = v128.load32_splat(a, 4), a2 = v128.load32_splat(a, 8), a3 = v128.load32_splat(a, 12);
  let p0 = b, p1 = at(p0, n), p2 = at(p1, n), p3 = at(p2, n);
  let i = 0;
  for (; i + 8 <= columns; i += 8) {
    const low = sumOfFour(v128.load(c), a0, a1, a2, a3, v128.load(p0), v128.load(p1), v128.load(p2), v128.load(p3));
    const high = sumOfFour(
      v128.load(c, 16), a0, a1, a2, a3, v128.load(p0, 16), v128.load(p1, 16), v128.load(p2, 16), v128.load(p3, 16),
    );
    v128.store(c, low);
    v128.store(c, high, 16);
    c += 32;
    p0 += 32;
    p1 += 32;
    p2 += 32;
    p3 += 32;
  }
  for (; i < columns; i += 4) {
    const x = sumOfFour(v128.load(c), a0, a1, a2, a3, v128.load(p0), v128.load(p1), v128.load(p2), v128.load(p3));
    storeUpTo4(c, x, columns - i);
    c += 16;
    p0 += 16;
    p1 += 16;
    p2 += 16;
    p3 += 16;
  }
}

function addOne(c: usize, a: usize, b: usize, columns: i32): void {
  const a0 = v128.load32_splat(a);
  for (let i = 0; i < columns; i += 4) {
    storeUpTo4(at(c, i), multiplyAdd(a0, v128.load(at(b, i)), v128.load(at(c, i))), columns - i);
  }
}
