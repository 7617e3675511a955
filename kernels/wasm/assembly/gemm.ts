// c = init + bias + a b with float32 SIMD, after the design of GotoBLAS and BLIS (Goto and van de Geijn, 2008): a block of b is
// packed into panels that are read in order, the depth is cut so that a panel stays in the L1 cache, and a micro-kernel multiplies a
// few rows of a with a panel. A block of b is packed by the thread that uses it, so it stays in that thread's L2 cache. Rows of a are
// read where they lie; if a is transposed they are columns, which are packed first.
import { packAcrossF16, packAlongF16 } from './f16';
import { packAcross, packAlong } from './pack';
import { at, atOptional } from './simd';
import { multiplyTile } from './tile';

/** The tile: 4 or 6 rows, and 8 columns, or 16 where the engine computes with 256 bits. No result depends on it. */
export let tileRows: i32 = 4;
export let tileColumns: i32 = 8;

/** Chooses the tile, before the first product. Without fused multiply-add there are 4 rows. */
export function setTile(rows: i32, columns: i32): void {
  tileRows = ASC_FEATURE_RELAXED_SIMD ? rows : 4;
  tileColumns = columns;
}

/** Depth of a block: a panel of b (at most 24 KiB) stays in the L1 cache. */
const DEPTH = 384;
/** Rows of a block of a, which stays in the L2 cache if it is packed. */
const ROWS = 192;
/** Columns of a block of b. */
const COLUMNS = 288;
/** Up to so many rows, packing b would cost more than it saves; if its rows are contiguous it is read where it lies. */
const FEW_ROWS = 8;
/** Bytes of a packed block of a; packing may write a little after it. */
const PACKED_A = ROWS * DEPTH * 4 + 64;

/** Bytes of scratch that each call (each thread) of a product needs. */
export function gemmScratch(): i32 {
  return PACKED_A + COLUMNS * DEPTH * 4;
}

/**
 * Rows [row, rowEnd) and columns [column, columnEnd) of c = init + bias + a [m, k] b [k, n], leading dimensions `ld` in floats. A
 * transposed a is stored [k, m], a transposed b [n, k]; b may be of float16. `init` [m, n] and `bias` [n] are 0 where there is
 * none; init may be c itself.
 */
@inline
function block(
  a: usize,
  ldA: i32,
  transposeA: bool,
  b: usize,
  ldB: i32,
  transposeB: bool,
  f16B: bool,
  bias: usize,
  init: usize,
  ldInit: i32,
  c: usize,
  ldC: i32,
  k: i32,
  row: i32,
  rowEnd: i32,
  column: i32,
  columnEnd: i32,
  scratch: usize,
): void {
  const panels = scratch + PACKED_A;
  // A single panel is packed as it is.
  const inPlace = !transposeB && !f16B && (rowEnd - row <= FEW_ROWS || ldB == tileColumns);
  for (let j = column; j < columnEnd; j += COLUMNS) {
    const columns = min(COLUMNS, columnEnd - j);
    let k0 = 0;
    do {
      const depth = min(DEPTH, k - k0);
      const corner = transposeB ? j * ldB + k0 : k0 * ldB + j;
      if (f16B) packF16(b + (<usize>corner << 1), ldB, transposeB, depth, panels, columns);
      else if (!inPlace) pack(at(b, corner), ldB, transposeB, depth, panels, columns);
      // The first block starts from init and bias, the others add to c.
      const isFirst = k0 == 0;
      const ldFrom = isFirst ? ldInit : ldC;
      for (let i = row; i < rowEnd; i += ROWS) {
        multiply(
          at(a, transposeA ? k0 * ldA + i : i * ldA + k0),
          <usize>ldA << 2,
          transposeA,
          scratch,
          inPlace ? at(b, corner) : panels,
          inPlace ? tileColumns : tileColumns * depth,
          inPlace ? ldB : tileColumns,
          isFirst ? atOptional(bias, j) : 0,
          atOptional(isFirst ? init : c, i * ldFrom + j),
          ldFrom,
          at(c, i * ldC + j),
          ldC,
          min(ROWS, rowEnd - i),
          columns,
          depth,
        );
      }
      k0 += DEPTH;
    } while (k0 < k);
  }
}

/** Columns of b as panels [depth, tileColumns]. */
function pack(b: usize, ldB: i32, transposeB: bool, depth: i32, panels: usize, columns: i32): void {
  if (transposeB) packAlong(b, <usize>ldB << 2, panels, columns, depth, tileColumns);
  else packAcross(b, <usize>ldB << 2, panels, columns, depth, tileColumns);
}

/** The same from float16. */
function packF16(b: usize, ldB: i32, transposeB: bool, depth: i32, panels: usize, columns: i32): void {
  if (transposeB) packAlongF16(b, <usize>ldB << 1, panels, columns, depth, tileColumns);
  else packAcrossF16(b, <usize>ldB << 1, panels, columns, depth, tileColumns);
}

/** Columns [start, end) of a product of contiguous matrices. */
export function gemmColumns(
  a: usize,
  transposeA: bool,
  b: usize,
  transposeB: bool,
  f16B: bool,
  bias: usize,
  init: usize,
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
  block(a, ldA, transposeA, b, ldB, transposeB, f16B, bias, init, n, c, n, k, 0, m, start, end, scratch);
}

/** Rows [start, end) of the same. */
export function gemmRows(
  a: usize,
  transposeA: bool,
  b: usize,
  transposeB: bool,
  f16B: bool,
  bias: usize,
  init: usize,
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
  block(a, ldA, transposeA, b, ldB, transposeB, f16B, bias, init, n, c, n, k, start, end, 0, n, scratch);
}

/** Rows [start, end) of c = init + a b inside larger arrays. */
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
  block(a, ldA, transposeA, b, ldB, transposeB, false, 0, init, ldInit, c, ldC, k, start, end, 0, n, scratch);
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

/** Floats of b [k, n] as packAll packs it, whatever the tile. */
export function packedSize(k: i32, n: i32): i32 {
  return k * ((n + 15) & ~15);
}

/** Packs all of b [k, n], leading dimension `ldB`, for products with multiplyPacked. A transposed b is stored [n, k]. */
export function packAll(b: usize, ldB: i32, transposeB: bool, k: i32, n: i32, panels: usize): void {
  const columns = (n + tileColumns - 1) / tileColumns * tileColumns;
  for (let k0 = 0; k0 < k; k0 += DEPTH) {
    pack(at(b, transposeB ? k0 : k0 * ldB), ldB, transposeB, min(DEPTH, k - k0), at(panels, k0 * columns), n);
  }
}

/** c [rows, n] = a [rows, k] b inside larger arrays, b from packAll. */
export function multiplyPacked(a: usize, ldA: i32, panels: usize, c: usize, ldC: i32, rows: i32, n: i32, k: i32): void {
  const columns = (n + tileColumns - 1) / tileColumns * tileColumns;
  let k0 = 0;
  do {
    const depth = min(DEPTH, k - k0);
    const init: usize = k0 == 0 ? 0 : c;
    const b = at(panels, k0 * columns);
    multiply(at(a, k0), <usize>ldA << 2, false, 0, b, tileColumns * depth, tileColumns, 0, init, ldC, c, ldC, rows, n, depth);
    k0 += DEPTH;
  } while (k0 < k);
}

/** c [rows, n] = a b inside larger arrays, a stored [k, rows], and b [k, n] read where it lies, up to a whole tile. Scratch as `gemm`. */
export function multiplyInPlace(
  a: usize, ldA: i32, b: usize, ldB: i32, c: usize, ldC: i32, rows: i32, n: i32, k: i32, scratch: usize,
): void {
  let k0 = 0;
  do {
    for (let i = 0; i < rows; i += ROWS) {
      const to = at(c, i * ldC);
      const init: usize = k0 == 0 ? 0 : to;
      const from = at(a, k0 * ldA + i);
      const high = min(ROWS, rows - i);
      const depth = min(DEPTH, k - k0);
      multiply(from, <usize>ldA << 2, true, scratch, at(b, k0 * ldB), tileColumns, ldB, 0, init, ldC, to, ldC, high, n, depth);
    }
    k0 += DEPTH;
  } while (k0 < k);
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
  const height = tileRows;
  // Bytes from a row of the block to the next, from a number of a row to the next, and from one tile to the next.
  let rowA = strideA;
  let nextA: usize = 4;
  let tileA = <usize>height * strideA;
  if (transposeA) {
    packAcross(a, strideA, scratch, rows, depth, height);
    a = scratch;
    rowA = 4;
    nextA = <usize>height << 2;
    tileA = <usize>depth * nextA;
  }
  for (let j = 0; j < columns; j += width) {
    const wide = min(width, columns - j);
    let tile = a;
    for (let i = 0; i < rows; i += height) {
      const high = min(height, rows - i);
      const from = atOptional(init, i * ldInit + j);
      const to = at(c, i * ldC + j);
      multiplyTile(height, width, tile, rowA, nextA, b, ldB, depth, atOptional(bias, j), from, ldInit, to, ldC, high, wide);
      tile += tileA;
    }
    b = at(b, nextPanel);
  }
}
