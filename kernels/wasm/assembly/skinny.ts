// The product of a few rows with a transposed matrix: dot products, which need no packing. b is read once and in order.
import { dots1x2, dots1x4, dots2x2, dots2x4, dots3x1 } from './dots';
import { tileColumns, tileRows } from './gemm';
import { at, atOptional, storeUpTo4 } from './simd';

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
