// c = init + a b with float32 SIMD, after the design of GotoBLAS and BLIS (Goto and van de Geijn, 2008): b is packed into panels that
// are read in order, the depth is cut so that a panel of b stays in the L1 cache, and a micro-kernel multiplies a few rows of a
// with a panel of b. A large b is packed once, by all threads, before the product; a small one inside it. Rows of a are read where
// they lie; if a is transposed they are columns, which are packed first.
import { packAcrossHalf, packAlongHalf } from './half';
import { packAcross, packAlong } from './pack';
import { at, atOptional } from './simd';
import { multiplyTile, TILE_ROWS } from './tile';

/** Columns of a tile: 8, or 16 where the engine computes with 256 bits. The host may set it before the first call. */
export let tileColumns: i32 = 8;

/** Depth of a block: a panel of b (at most 24 KiB) stays in the L1 cache. */
const DEPTH = 384;
/** Rows of a block of a, which stays in the L2 cache. */
const ROWS = 192;
/** Columns of b that are packed at a time inside a product. */
const COLUMNS = 512;
/** Up to so many rows, packing b would cost more than it saves; if its rows are contiguous it is read where it lies. */
const FEW_ROWS = 8;
/** Packing may write a little behind the panels. */
const SLACK = 64;

/** Bytes of scratch that each call (each thread) of `gemmPacked` needs. */
export function panelScratch(): i32 {
  return ROWS * DEPTH * 4 + SLACK;
}

/** Bytes of scratch that each call (each thread) of `gemm` needs. */
export function gemmScratch(): i32 {
  return panelScratch() + COLUMNS * DEPTH * 4;
}

/** Bytes that `packB` writes for a matrix [k, n]. */
export function packedBytes(n: i32, k: i32): i32 {
  return ((n + tileColumns - 1) / tileColumns) * tileColumns * k * 4;
}

/**
 * Columns [start, end) of b [k, n] (stored [n, k] if transposed) as panels of `tileColumns` columns, each [k, tileColumns];
 * start is a multiple of tileColumns.
 */
export function packB(b: usize, ldB: i32, transposeB: bool, k: i32, to: usize, start: i32, end: i32): void {
  const panels = at(to, start * k);
  if (transposeB) packAlong(at(b, start * ldB), <usize>ldB << 2, panels, end - start, k, tileColumns);
  else packAcross(at(b, start), <usize>ldB << 2, panels, end - start, k, tileColumns);
}

/** The same from halves. */
export function packHalfB(b: usize, ldB: i32, transposeB: bool, k: i32, to: usize, start: i32, end: i32): void {
  const panels = at(to, start * k);
  const stride = <usize>ldB << 1;
  if (transposeB) packAlongHalf(b + <usize>start * stride, stride, panels, end - start, k, tileColumns);
  else packAcrossHalf(b + (<usize>start << 1), stride, panels, end - start, k, tileColumns);
}

/**
 * Rows [start, end) and columns [column, columnEnd) of c [m, n] = init + bias + a [m, k] b [k, n] with b packed by `packB`;
 * `column` is a multiple of tileColumns. A transposed a is stored [k, m]; leading dimensions `ld` in floats. `init` [m, n] with
 * rows ldInit apart and `bias` [n] are 0 where there is none; init may be c itself.
 */
@inline
function packedProduct(
  a: usize,
  ldA: i32,
  transposeA: bool,
  packedB: usize,
  bias: usize,
  init: usize,
  ldInit: i32,
  c: usize,
  ldC: i32,
  k: i32,
  column: i32,
  columnEnd: i32,
  start: i32,
  end: i32,
  scratch: usize,
): void {
  for (let row = start; row < end; row += ROWS) {
    const rows = min(ROWS, end - row);
    let k0 = 0;
    do {
      const depth = min(DEPTH, k - k0);
      // The first block starts from init and bias, the others add to c.
      const isFirst = k0 == 0;
      const from = atOptional(isFirst ? init : c, row * (isFirst ? ldInit : ldC) + column);
      multiply(
        at(a, transposeA ? k0 * ldA + row : row * ldA + k0),
        <usize>ldA << 2,
        transposeA,
        scratch,
        at(packedB, column * k + k0 * tileColumns),
        tileColumns * k,
        tileColumns,
        isFirst ? atOptional(bias, column) : 0,
        from,
        isFirst ? ldInit : ldC,
        at(c, row * ldC + column),
        ldC,
        rows,
        columnEnd - column,
        depth,
      );
      k0 += DEPTH;
    } while (k0 < k);
  }
}

/** Rows [start, end) of a product with packed b, see `packedProduct`. */
export function gemmPacked(
  a: usize,
  ldA: i32,
  transposeA: bool,
  packedB: usize,
  bias: usize,
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
  packedProduct(a, ldA, transposeA, packedB, bias, init, ldInit, c, ldC, k, 0, n, start, end, scratch);
}

/** Columns [start, end) of the same, for a product of few rows. */
export function gemmPackedColumns(
  a: usize,
  ldA: i32,
  transposeA: bool,
  packedB: usize,
  bias: usize,
  init: usize,
  ldInit: i32,
  c: usize,
  ldC: i32,
  m: i32,
  k: i32,
  start: i32,
  end: i32,
  scratch: usize,
): void {
  packedProduct(a, ldA, transposeA, packedB, bias, init, ldInit, c, ldC, k, start, end, 0, m, scratch);
}

/**
 * Rows [start, end) of c [m, n] = init + a [m, k] b [k, n]; b is packed block by block, or read where it lies if its rows are
 * contiguous and those of a few. `init` is an array of rows `ldInit` apart: 0 for none, a bias with ldInit 0, or c itself.
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
  const panelsB = scratch + panelScratch();
  const inPlace = !transposeB && end - start <= FEW_ROWS;
  for (let column = 0; column < n; column += COLUMNS) {
    const columns = min(COLUMNS, n - column);
    let k0 = 0;
    do {
      const depth = min(DEPTH, k - k0);
      const corner = at(b, transposeB ? column * ldB + k0 : k0 * ldB + column);
      if (!inPlace) packB(corner, ldB, transposeB, depth, panelsB, 0, columns);
      const isFirst = k0 == 0;
      const ldFrom = isFirst ? ldInit : ldC;
      for (let row = start; row < end; row += ROWS) {
        const rows = min(ROWS, end - row);
        multiply(
          at(a, transposeA ? k0 * ldA + row : row * ldA + k0),
          <usize>ldA << 2,
          transposeA,
          scratch,
          inPlace ? corner : panelsB,
          inPlace ? tileColumns : tileColumns * depth,
          inPlace ? ldB : tileColumns,
          0,
          atOptional(isFirst ? init : c, row * ldFrom + column),
          ldFrom,
          at(c, row * ldC + column),
          ldC,
          rows,
          columns,
          depth,
        );
      }
      k0 += DEPTH;
    } while (k0 < k);
  }
}

/** Items [start, end) of a batch of contiguous products; scratch as `gemm`. */
export function gemmBatch(
  a: usize,
  transposeA: bool,
  b: usize,
  transposeB: bool,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  start: i32,
  end: i32,
  scratch: usize,
): void {
  const ldA = transposeA ? m : k;
  const ldB = transposeB ? k : n;
  for (let item = start; item < end; item++) {
    const itemA = at(a, item * m * k);
    const itemB = at(b, item * k * n);
    gemm(itemA, ldA, transposeA, itemB, ldB, transposeB, 0, 0, at(c, item * m * n), n, n, k, 0, m, scratch);
  }
}

/**
 * A block of a, its stored rows `strideA` bytes apart, with panels of b that lie `nextPanel` floats apart, their rows `ldB` floats
 * apart. Scratch for the block if a is transposed.
 */
function multiply(
  a: usize,
  strideA: usize,
  transposeA: bool,
  scratch: usize,
  b: usize,
  nextPanel: i32,
  ldB: i32,
  bias: usize,
  init: usize,
  ldInit: i32,
  c: usize,
  ldC: i32,
  rows: i32,
  columns: i32,
  depth: i32,
): void {
  const width = tileColumns;
  // Bytes from a row of the block to the next, from a number of a row to the next, and from one tile to the next.
  let rowA = strideA;
  let nextA: usize = 4;
  let tileA = <usize>TILE_ROWS * strideA;
  if (transposeA) {
    packAcross(a, strideA, scratch, rows, depth, TILE_ROWS);
    a = scratch;
    rowA = 4;
    nextA = <usize>TILE_ROWS << 2;
    tileA = <usize>depth * nextA;
  }
  for (let j = 0; j < columns; j += width) {
    const wide = min(width, columns - j);
    let tile = a;
    for (let i = 0; i < rows; i += TILE_ROWS) {
      const high = min(TILE_ROWS, rows - i);
      const from = atOptional(init, i * ldInit + j);
      const to = at(c, i * ldC + j);
      multiplyTile(width, tile, rowA, nextA, b, ldB, depth, atOptional(bias, j), from, ldInit, to, ldC, high, wide);
      tile += tileA;
    }
    b = at(b, nextPanel);
  }
}
