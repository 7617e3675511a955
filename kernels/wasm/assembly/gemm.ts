// c = init + a b with float32 SIMD, after the design of GotoBLAS and BLIS (Goto and van de Geijn, 2008): blocks of both operands
// are packed into panels that fit the caches, and a micro-kernel multiplies a panel of a (4 rows) with a panel of b.
import { packAcross, packAlong } from './pack';
import { at, atOptional } from './simd';
import { tile4x16, tile4x8 } from './tile';

/** Columns of a tile: 8, or 16 where the engine computes with 256 bits. The host may set it before the first call. */
export let tileColumns: i32 = 8;

/** Depth of a block: a panel of b (at most 16 KiB) stays in the L1 cache. */
const DEPTH = 256;
/** Rows of a packed block of a, which stays in the L2 cache together with the block of b. */
const ROWS = 64;
/** Up to so many rows, packing b would cost more than it saves; if its rows are contiguous it is read where it lies. */
const FEW_ROWS = 8;
const COLUMNS = 512;
const TILE_ROWS = 4;

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
      const inPlace = !transposeB && end - start <= FEW_ROWS;
      const blockB = inPlace ? at(b, k0 * ldB + column) : panelsB;
      if (transposeB) packAlong(at(b, column * ldB + k0), strideB, panelsB, columns, depth, tileColumns);
      else if (!inPlace) packAcross(at(b, k0 * ldB + column), strideB, panelsB, columns, depth, tileColumns);
      // The first block starts from init, the others add to c.
      const from = k0 == 0 ? init : c;
      const ldFrom = k0 == 0 ? ldInit : ldC;
      for (let row = start; row < end; row += ROWS) {
        const rows = min(ROWS, end - row);
        if (transposeA) packAcross(at(a, k0 * ldA + row), strideA, panelsA, rows, depth, TILE_ROWS);
        else packAlong(at(a, row * ldA + k0), strideA, panelsA, rows, depth, TILE_ROWS);
        const initBlock = atOptional(from, row * ldFrom + column);
        const block = at(c, row * ldC + column);
        multiply(panelsA, blockB, inPlace ? ldB : 0, initBlock, ldFrom, block, ldC, rows, columns, depth);
      }
      k0 += DEPTH;
    } while (k0 < k);
  }
}

/** One packed block of a with one of b, which is packed or, with ldB not 0, lies in its matrix. */
function multiply(
  panelsA: usize,
  b: usize,
  ldB: i32,
  init: usize,
  ldInit: i32,
  c: usize,
  ldC: i32,
  rows: i32,
  columns: i32,
  depth: i32,
): void {
  const width = tileColumns;
  const nextB = <usize>(ldB != 0 ? ldB : width) << 2;
  for (let j = 0; j < columns; j += width) {
    const panelB = at(b, ldB != 0 ? j : j * depth);
    const wide = min(width, columns - j);
    for (let i = 0; i < rows; i += TILE_ROWS) {
      const panelA = at(panelsA, i * depth);
      const from = atOptional(init, i * ldInit + j);
      const to = at(c, i * ldC + j);
      const high = min(TILE_ROWS, rows - i);
      if (width == 8) tile4x8(panelA, panelB, nextB, depth, from, ldInit, to, ldC, high, wide);
      else tile4x16(panelA, panelB, nextB, depth, from, ldInit, to, ldC, high, wide);
    }
  }
}
