// The micro-kernel that suits the engine: a few rows of c in registers, one step of the depth at a time. The build writes them
// (kernels/wasm/templates/tile.ts), as they differ in their numbers of rows and columns only.
//
// With relaxed SIMD a multiplication and an addition are one instruction, and six rows fit the registers, unless the engine moves
// all loads of a step before its sums, as V8 did up to Node.js 22: four rows then do.
//
// Where V8 fuses neighbouring 128-bit operations into 256-bit ones (--experimental-wasm-revectorize) it starts from pairs of
// stores side by side, so the stores of a row come together, after all loads. The tiles of 16 columns need that: without it, their
// sums do not fit the registers.
import { tile4x16, tile4x8, tile6x16, tile6x8 } from './micro-kernels';


/**
 * The tile of `height` 4 or 6 and `width` 8 or 16. Rows of a are `rowA` bytes apart and their numbers `nextA` bytes; `ldB` in floats. A row that is
 * missing is computed as the last one, and not stored.
 */
@inline
export function multiplyTile(
  height: i32,
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
  if (width == 8) {
    if (!ASC_FEATURE_RELAXED_SIMD || height == 4) tile4x8(a, rowA, nextA, b, nextB, depth, bias, init, ldInit, c, ldC, rows, columns);
    else tile6x8(a, rowA, nextA, b, nextB, depth, bias, init, ldInit, c, ldC, rows, columns);
  } else {
    if (!ASC_FEATURE_RELAXED_SIMD) tile4x16(a, rowA, nextA, b, nextB, depth, bias, init, ldInit, c, ldC, rows, columns);
    else tile6x16(a, rowA, nextA, b, nextB, depth, bias, init, ldInit, c, ldC, rows, columns);
  }
}
