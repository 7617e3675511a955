// The micro-kernel that suits the engine: a few rows of c in registers, one step of the depth at a time. The build writes them
// (kernels/wasm/templates/tile.ts), as they differ in their numbers of rows and columns only.
//
// With relaxed SIMD a multiplication and an addition are one instruction, and six rows fit the registers.
//
// Where V8 fuses neighbouring 128-bit operations into 256-bit ones (--experimental-wasm-revectorize) it starts from pairs of
// stores side by side, so the stores of a row come together, after all loads. The tile of 16 columns needs that: without it, its 24
// accumulators do not fit the registers.
import { tile4x8, tile6x16, tile6x8 } from './micro-kernels';
import { at, atOptional } from './simd';

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
