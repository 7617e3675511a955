// Micro-kernels: a few rows of c in registers, one step of the depth at a time.
import { storeTail } from './simd';

/** c [rows <= 4, columns <= 8] = init + panelA [depth, 4]^T panelB [depth, 8]. */
export function tile4x8(
  panelA: usize,
  panelB: usize,
  depth: i32,
  init: usize,
  ldInit: i32,
  c: usize,
  ldC: i32,
  rows: i32,
  columns: i32,
): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  const stop = panelA + (<usize>depth << 4);
  while (panelA < stop) {
    const b0 = v128.load(panelB);
    const b1 = v128.load(panelB, 16);
    const a0 = v128.load32_splat(panelA);
    c00 = f32x4.add(c00, f32x4.mul(a0, b0));
    c01 = f32x4.add(c01, f32x4.mul(a0, b1));
    const a1 = v128.load32_splat(panelA, 4);
    c10 = f32x4.add(c10, f32x4.mul(a1, b0));
    c11 = f32x4.add(c11, f32x4.mul(a1, b1));
    const a2 = v128.load32_splat(panelA, 8);
    c20 = f32x4.add(c20, f32x4.mul(a2, b0));
    c21 = f32x4.add(c21, f32x4.mul(a2, b1));
    const a3 = v128.load32_splat(panelA, 12);
    c30 = f32x4.add(c30, f32x4.mul(a3, b0));
    c31 = f32x4.add(c31, f32x4.mul(a3, b1));
    panelA += 16;
    panelB += 32;
  }
  const nextInit = <usize>ldInit << 2;
  const nextC = <usize>ldC << 2;
  finishRow(c, init, c00, c01, columns);
  if (rows > 1) finishRow(c + nextC, init == 0 ? 0 : init + nextInit, c10, c11, columns);
  if (rows > 2) finishRow(c + 2 * nextC, init == 0 ? 0 : init + 2 * nextInit, c20, c21, columns);
  if (rows > 3) finishRow(c + 3 * nextC, init == 0 ? 0 : init + 3 * nextInit, c30, c31, columns);
}

@inline
function finishRow(c: usize, init: usize, low: v128, high: v128, columns: i32): void {
  if (init != 0) {
    low = f32x4.add(low, v128.load(init));
    high = f32x4.add(high, v128.load(init, 16));
  }
  if (columns == 8) {
    v128.store(c, low);
    v128.store(c, high, 16);
  } else if (columns > 4) {
    v128.store(c, low);
    storeTail(c + 16, high, columns - 4);
  } else if (columns == 4) {
    v128.store(c, low);
  } else {
    storeTail(c, low, columns);
  }
}
