// c = init + a b with float32 SIMD, after the design of GotoBLAS and BLIS (Goto and van de Geijn, 2008): blocks of both operands
// are packed into panels that fit the caches, and a micro-kernel multiplies a panel of a (4 rows) with a panel of b.
import { packAcross, packAlong } from './pack';
import { at } from './simd';
import { tile4x8 } from './tile';

/** Depth of a block: a panel of b (8 * DEPTH floats) stays in the L1 cache. */
const DEPTH = 256;
/** Rows of a packed block of a, which stays in the L2 cache together with the block of b. */
const ROWS = 64;
const COLUMNS = 512;
const TILE_ROWS = 4;
const TILE_COLUMNS = 8;

/** Bytes of scratch that each call (each thread) needs. */
export function gemmScratch(): i32 {
  return (ROWS + COLUMNS) * DEPTH * 4;
}

/**
 * Rows [start, end) of c [m, n] = init + a [m, k] b [k, n]. Leading dimensions `ld` in floats; a transposed operand is stored
 * [k, m] or [n, k]. `init` is an array of rows `ldInit` apart: 0 for none, a bias with ldInit 0, or c itself.
 */
export function gemm(
  a: usize,
  ldA: i32,
  transposeA: bool,
  b: usize,
  ldB: i32,
  transposeB: bool,
  init: usize,
  ldInit: i32,
  c: usize,
  ldC: i32,
  n: i32,
  k: i32,
  start: i32,
  end: i32,
  scratch: usize,
): void {
  const panelsA = scratch;
  const panelsB = scratch + ROWS * DEPTH * 4;
  const strideA = <usize>ldA << 2;
  const strideB = <usize>ldB << 2;
  for (let column = 0; column < n; column += COLUMNS) {
    const columns = min(COLUMNS, n - column);
    let k0 = 0;
    do {
      const depth = min(DEPTH, k - k0);
      if (transposeB) packAlong(at(b, column * ldB + k0), strideB, panelsB, columns, depth, TILE_COLUMNS);
      else packAcross(at(b, k0 * ldB + column), strideB, panelsB, columns, depth, TILE_COLUMNS);
      // The first block starts from init, the others add to c.
      const from = k0 == 0 ? init : c;
      const ldFrom = k0 == 0 ? ldInit : ldC;
      for (let row = start; row < end; row += ROWS) {
        const rows = min(ROWS, end - row);
        if (transposeA) packAcross(at(a, k0 * ldA + row), strideA, panelsA, rows, depth, TILE_ROWS);
        else packAlong(at(a, row * ldA + k0), strideA, panelsA, rows, depth, TILE_ROWS);
        const initBlock = from == 0 ? 0 : at(from, row * ldFrom + column);
        multiply(panelsA, panelsB, initBlock, ldFrom, at(c, row * ldC + column), ldC, rows, columns, depth);
      }
      k0 += DEPTH;
    } while (k0 < k);
  }
}

/** One packed block of a with one of b. */
function multiply(
  panelsA: usize,
  panelsB: usize,
  init: usize,
  ldInit: i32,
  c: usize,
  ldC: i32,
  rows: i32,
  columns: i32,
  depth: i32,
): void {
  for (let j = 0; j < columns; j += TILE_COLUMNS) {
    const panelB = at(panelsB, j * depth);
    for (let i = 0; i < rows; i += TILE_ROWS) {
      const initTile = init == 0 ? 0 : at(init, i * ldInit + j);
      const wanted = min(TILE_COLUMNS, columns - j);
      tile4x8(at(panelsA, i * depth), panelB, depth, initTile, ldInit, at(c, i * ldC + j), ldC, min(TILE_ROWS, rows - i), wanted);
    }
  }
}
