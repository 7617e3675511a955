// Micro-kernels: 4 rows of c in registers, one step of the depth at a time.
//
// Where V8 fuses neighbouring 128-bit operations into 256-bit ones (--experimental-wasm-revectorize) it starts from pairs of
// stores side by side, so the stores of a row come together, after all loads. The wide tile needs that: without it, its 16
// accumulators do not fit the registers.
import { at, atOptional, storeTail } from './simd';

/** c [rows <= 4, columns <= 8] = init + panelA [depth, 4]^T b [depth, 8]; the rows of b are `nextB` bytes apart. */
export function tile4x8(
  panelA: usize,
  b: usize,
  nextB: usize,
  depth: i32,
  init: usize,
  ldInit: i32,
  c: usize,
  ldC: i32,
  rows: i32,
  columns: i32,
): void {
  const zero = f32x4.splat(0);
  let c00 = zero;
  let c01 = zero;
  let c10 = zero;
  let c11 = zero;
  let c20 = zero;
  let c21 = zero;
  let c30 = zero;
  let c31 = zero;
  const stop = panelA + (<usize>depth << 4);
  while (panelA < stop) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
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
    b += nextB;
  }
  finish8(c, init, c00, c01, columns);
  if (rows > 1) finish8(at(c, ldC), atOptional(init, ldInit), c10, c11, columns);
  if (rows > 2) finish8(at(c, 2 * ldC), atOptional(init, 2 * ldInit), c20, c21, columns);
  if (rows > 3) finish8(at(c, 3 * ldC), atOptional(init, 3 * ldInit), c30, c31, columns);
}

/** c [rows <= 4, columns <= 16] = init + panelA [depth, 4]^T b [depth, 16]; the rows of b are `nextB` bytes apart. */
export function tile4x16(
  panelA: usize,
  b: usize,
  nextB: usize,
  depth: i32,
  init: usize,
  ldInit: i32,
  c: usize,
  ldC: i32,
  rows: i32,
  columns: i32,
): void {
  const zero = f32x4.splat(0);
  let c00 = zero;
  let c01 = zero;
  let c02 = zero;
  let c03 = zero;
  let c10 = zero;
  let c11 = zero;
  let c12 = zero;
  let c13 = zero;
  let c20 = zero;
  let c21 = zero;
  let c22 = zero;
  let c23 = zero;
  let c30 = zero;
  let c31 = zero;
  let c32 = zero;
  let c33 = zero;
  const stop = panelA + (<usize>depth << 4);
  while (panelA < stop) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    const b3 = v128.load(b, 48);
    const a0 = v128.load32_splat(panelA);
    c00 = f32x4.add(c00, f32x4.mul(a0, b0));
    c01 = f32x4.add(c01, f32x4.mul(a0, b1));
    c02 = f32x4.add(c02, f32x4.mul(a0, b2));
    c03 = f32x4.add(c03, f32x4.mul(a0, b3));
    const a1 = v128.load32_splat(panelA, 4);
    c10 = f32x4.add(c10, f32x4.mul(a1, b0));
    c11 = f32x4.add(c11, f32x4.mul(a1, b1));
    c12 = f32x4.add(c12, f32x4.mul(a1, b2));
    c13 = f32x4.add(c13, f32x4.mul(a1, b3));
    const a2 = v128.load32_splat(panelA, 8);
    c20 = f32x4.add(c20, f32x4.mul(a2, b0));
    c21 = f32x4.add(c21, f32x4.mul(a2, b1));
    c22 = f32x4.add(c22, f32x4.mul(a2, b2));
    c23 = f32x4.add(c23, f32x4.mul(a2, b3));
    const a3 = v128.load32_splat(panelA, 12);
    c30 = f32x4.add(c30, f32x4.mul(a3, b0));
    c31 = f32x4.add(c31, f32x4.mul(a3, b1));
    c32 = f32x4.add(c32, f32x4.mul(a3, b2));
    c33 = f32x4.add(c33, f32x4.mul(a3, b3));
    panelA += 16;
    b += nextB;
  }
  finish16(c, init, c00, c01, c02, c03, columns);
  if (rows > 1) finish16(at(c, ldC), atOptional(init, ldInit), c10, c11, c12, c13, columns);
  if (rows > 2) finish16(at(c, 2 * ldC), atOptional(init, 2 * ldInit), c20, c21, c22, c23, columns);
  if (rows > 3) finish16(at(c, 3 * ldC), atOptional(init, 3 * ldInit), c30, c31, c32, c33, columns);
}

@inline
function finish8(c: usize, init: usize, v0: v128, v1: v128, columns: i32): void {
  if (init != 0) {
    v0 = f32x4.add(v0, v128.load(init));
    v1 = f32x4.add(v1, v128.load(init, 16));
  }
  if (columns == 8) {
    v128.store(c, v0);
    v128.store(c, v1, 16);
  } else {
    storeRow(c, v0, v1, columns);
  }
}

@inline
function finish16(c: usize, init: usize, v0: v128, v1: v128, v2: v128, v3: v128, columns: i32): void {
  if (init != 0) {
    v0 = f32x4.add(v0, v128.load(init));
    v1 = f32x4.add(v1, v128.load(init, 16));
    v2 = f32x4.add(v2, v128.load(init, 32));
    v3 = f32x4.add(v3, v128.load(init, 48));
  }
  if (columns >= 8) {
    v128.store(c, v0);
    v128.store(c, v1, 16);
    if (columns == 16) {
      v128.store(c, v2, 32);
      v128.store(c, v3, 48);
    } else if (columns > 8) {
      storeRow(c + 32, v2, v3, columns - 8);
    }
  } else {
    storeRow(c, v0, v1, columns);
  }
}

/** The first 1 to 7 of 8 floats. */
function storeRow(c: usize, v0: v128, v1: v128, columns: i32): void {
  if (columns < 4) {
    storeTail(c, v0, columns);
  } else {
    v128.store(c, v0);
    if (columns > 4) storeTail(c + 16, v1, columns - 4);
  }
}
