// Micro-kernels: a few rows of c in registers, one step of the depth at a time.
//
// With relaxed SIMD a multiplication and an addition are one instruction, and six rows fit the registers.
//
// Where V8 fuses neighbouring 128-bit operations into 256-bit ones (--experimental-wasm-revectorize) it starts from pairs of
// stores side by side, so the stores of a row come together, after all loads. The wide tile needs that: without it, its 24
// accumulators do not fit the registers.
import { at, atOptional, multiplyAdd, storeTail } from './simd';

/** Rows of a tile, and of a panel of a transposed a. */
export const TILE_ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;

/**
 * The tile of `width` 8 or 16. Rows of a are `rowA` bytes apart and their numbers `nextA` bytes; `ldB` in floats. A row that is
 * missing is computed as the last one, and not stored.
 */
@inline
export function multiplyTile(
  width: i32,
  a: usize,
  rowA: usize,
  nextA: usize,
  b: usize,
  ldB: i32,
  depth: i32,
  bias: usize,
  init: usize,
  ldInit: i32,
  c: usize,
  ldC: i32,
  rows: i32,
  columns: i32,
): void {
  const nextB = <usize>ldB << 2;
  if (!ASC_FEATURE_RELAXED_SIMD) {
    tile4x8(a, rowA, nextA, b, nextB, depth, bias, init, ldInit, c, ldC, rows, min(8, columns));
    if (columns <= 8) return;
    tile4x8(a, rowA, nextA, at(b, 8), nextB, depth, atOptional(bias, 8), atOptional(init, 8), ldInit, at(c, 8), ldC, rows, columns - 8);
  } else if (width == 8) {
    tile6x8(a, rowA, nextA, b, nextB, depth, bias, init, ldInit, c, ldC, rows, columns);
  } else {
    tile6x16(a, rowA, nextA, b, nextB, depth, bias, init, ldInit, c, ldC, rows, columns);
  }
}

/** c [rows <= 4, columns <= 8] = init + bias + a [4, depth] b [depth, 8]; the rows of b are `nextB` bytes apart. */
function tile4x8(
  a: usize,
  rowA: usize,
  nextA: usize,
  b: usize,
  nextB: usize,
  depth: i32,
  bias: usize,
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
  const last = rows - 1;
  let p0 = a;
  let p1 = a + <usize>min(1, last) * rowA;
  let p2 = a + <usize>min(2, last) * rowA;
  let p3 = a + <usize>min(3, last) * rowA;
  for (let d = 0; d < depth; d++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(p0);
    c00 = multiplyAdd(a0, b0, c00);
    c01 = multiplyAdd(a0, b1, c01);
    const a1 = v128.load32_splat(p1);
    c10 = multiplyAdd(a1, b0, c10);
    c11 = multiplyAdd(a1, b1, c11);
    const a2 = v128.load32_splat(p2);
    c20 = multiplyAdd(a2, b0, c20);
    c21 = multiplyAdd(a2, b1, c21);
    const a3 = v128.load32_splat(p3);
    c30 = multiplyAdd(a3, b0, c30);
    c31 = multiplyAdd(a3, b1, c31);
    p0 += nextA;
    p1 += nextA;
    p2 += nextA;
    p3 += nextA;
    b += nextB;
  }
  finish8(c, bias, init, c00, c01, columns);
  if (rows > 1) finish8(at(c, ldC), bias, atOptional(init, ldInit), c10, c11, columns);
  if (rows > 2) finish8(at(c, 2 * ldC), bias, atOptional(init, 2 * ldInit), c20, c21, columns);
  if (rows > 3) finish8(at(c, 3 * ldC), bias, atOptional(init, 3 * ldInit), c30, c31, columns);
}

/** c [rows <= 6, columns <= 8] = init + bias + a [6, depth] b [depth, 8]; the rows of b are `nextB` bytes apart. */
function tile6x8(
  a: usize,
  rowA: usize,
  nextA: usize,
  b: usize,
  nextB: usize,
  depth: i32,
  bias: usize,
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
  let c40 = zero;
  let c41 = zero;
  let c50 = zero;
  let c51 = zero;
  const last = rows - 1;
  let p0 = a;
  let p1 = a + <usize>min(1, last) * rowA;
  let p2 = a + <usize>min(2, last) * rowA;
  let p3 = a + <usize>min(3, last) * rowA;
  let p4 = a + <usize>min(4, last) * rowA;
  let p5 = a + <usize>min(5, last) * rowA;
  for (let d = 0; d < depth; d++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(p0);
    c00 = multiplyAdd(a0, b0, c00);
    c01 = multiplyAdd(a0, b1, c01);
    const a1 = v128.load32_splat(p1);
    c10 = multiplyAdd(a1, b0, c10);
    c11 = multiplyAdd(a1, b1, c11);
    const a2 = v128.load32_splat(p2);
    c20 = multiplyAdd(a2, b0, c20);
    c21 = multiplyAdd(a2, b1, c21);
    const a3 = v128.load32_splat(p3);
    c30 = multiplyAdd(a3, b0, c30);
    c31 = multiplyAdd(a3, b1, c31);
    const a4 = v128.load32_splat(p4);
    c40 = multiplyAdd(a4, b0, c40);
    c41 = multiplyAdd(a4, b1, c41);
    const a5 = v128.load32_splat(p5);
    c50 = multiplyAdd(a5, b0, c50);
    c51 = multiplyAdd(a5, b1, c51);
    p0 += nextA;
    p1 += nextA;
    p2 += nextA;
    p3 += nextA;
    p4 += nextA;
    p5 += nextA;
    b += nextB;
  }
  finish8(c, bias, init, c00, c01, columns);
  if (rows > 1) finish8(at(c, ldC), bias, atOptional(init, ldInit), c10, c11, columns);
  if (rows > 2) finish8(at(c, 2 * ldC), bias, atOptional(init, 2 * ldInit), c20, c21, columns);
  if (rows > 3) finish8(at(c, 3 * ldC), bias, atOptional(init, 3 * ldInit), c30, c31, columns);
  if (rows > 4) finish8(at(c, 4 * ldC), bias, atOptional(init, 4 * ldInit), c40, c41, columns);
  if (rows > 5) finish8(at(c, 5 * ldC), bias, atOptional(init, 5 * ldInit), c50, c51, columns);
}

/** c [rows <= 6, columns <= 16] = init + bias + a [6, depth] b [depth, 16]; the rows of b are `nextB` bytes apart. */
function tile6x16(
  a: usize,
  rowA: usize,
  nextA: usize,
  b: usize,
  nextB: usize,
  depth: i32,
  bias: usize,
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
  let c40 = zero;
  let c41 = zero;
  let c42 = zero;
  let c43 = zero;
  let c50 = zero;
  let c51 = zero;
  let c52 = zero;
  let c53 = zero;
  const last = rows - 1;
  let p0 = a;
  let p1 = a + <usize>min(1, last) * rowA;
  let p2 = a + <usize>min(2, last) * rowA;
  let p3 = a + <usize>min(3, last) * rowA;
  let p4 = a + <usize>min(4, last) * rowA;
  let p5 = a + <usize>min(5, last) * rowA;
  for (let d = 0; d < depth; d++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    const b3 = v128.load(b, 48);
    const a0 = v128.load32_splat(p0);
    c00 = multiplyAdd(a0, b0, c00);
    c01 = multiplyAdd(a0, b1, c01);
    c02 = multiplyAdd(a0, b2, c02);
    c03 = multiplyAdd(a0, b3, c03);
    const a1 = v128.load32_splat(p1);
    c10 = multiplyAdd(a1, b0, c10);
    c11 = multiplyAdd(a1, b1, c11);
    c12 = multiplyAdd(a1, b2, c12);
    c13 = multiplyAdd(a1, b3, c13);
    const a2 = v128.load32_splat(p2);
    c20 = multiplyAdd(a2, b0, c20);
    c21 = multiplyAdd(a2, b1, c21);
    c22 = multiplyAdd(a2, b2, c22);
    c23 = multiplyAdd(a2, b3, c23);
    const a3 = v128.load32_splat(p3);
    c30 = multiplyAdd(a3, b0, c30);
    c31 = multiplyAdd(a3, b1, c31);
    c32 = multiplyAdd(a3, b2, c32);
    c33 = multiplyAdd(a3, b3, c33);
    const a4 = v128.load32_splat(p4);
    c40 = multiplyAdd(a4, b0, c40);
    c41 = multiplyAdd(a4, b1, c41);
    c42 = multiplyAdd(a4, b2, c42);
    c43 = multiplyAdd(a4, b3, c43);
    const a5 = v128.load32_splat(p5);
    c50 = multiplyAdd(a5, b0, c50);
    c51 = multiplyAdd(a5, b1, c51);
    c52 = multiplyAdd(a5, b2, c52);
    c53 = multiplyAdd(a5, b3, c53);
    p0 += nextA;
    p1 += nextA;
    p2 += nextA;
    p3 += nextA;
    p4 += nextA;
    p5 += nextA;
    b += nextB;
  }
  finish16(c, bias, init, c00, c01, c02, c03, columns);
  if (rows > 1) finish16(at(c, ldC), bias, atOptional(init, ldInit), c10, c11, c12, c13, columns);
  if (rows > 2) finish16(at(c, 2 * ldC), bias, atOptional(init, 2 * ldInit), c20, c21, c22, c23, columns);
  if (rows > 3) finish16(at(c, 3 * ldC), bias, atOptional(init, 3 * ldInit), c30, c31, c32, c33, columns);
  if (rows > 4) finish16(at(c, 4 * ldC), bias, atOptional(init, 4 * ldInit), c40, c41, c42, c43, columns);
  if (rows > 5) finish16(at(c, 5 * ldC), bias, atOptional(init, 5 * ldInit), c50, c51, c52, c53, columns);
}

@inline
function finish8(c: usize, bias: usize, init: usize, v0: v128, v1: v128, columns: i32): void {
  if (bias != 0) {
    v0 = f32x4.add(v0, v128.load(bias));
    v1 = f32x4.add(v1, v128.load(bias, 16));
  }
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
function finish16(
  c: usize,
  bias: usize,
  init: usize,
  v0: v128,
  v1: v128,
  v2: v128,
  v3: v128,
  columns: i32,
): void {
  if (bias != 0) {
    v0 = f32x4.add(v0, v128.load(bias));
    v1 = f32x4.add(v1, v128.load(bias, 16));
    v2 = f32x4.add(v2, v128.load(bias, 32));
    v3 = f32x4.add(v3, v128.load(bias, 48));
  }
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
