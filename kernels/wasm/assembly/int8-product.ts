// c [m, n] = (q b - zero sum) scale columnScale + bias with matrices of 8 bits, see int8.ts. Whole numbers are added, so all kinds of
// instructions, all divisions among threads and all tiles give the same bits. A panel of the transpose of a weight is made by the
// thread that uses it, so that one copy serves both directions.
import { tileColumns } from './gemm';
import {
  fours1x16, fours1x8, fours4x16, fours6x8, pairs1x16, pairs1x8, pairs3x16, pairs4x8, widened1x8, widened4x8,
} from './int8-micro-kernels';
import { at } from './simd';

/** Kinds of instructions, as the host counts them. */
const PAIRS: i32 = 0;
const FOURS: i32 = 1;
const WIDENED: i32 = 2;

/** Bytes of a group of panels that are made here, and of a block of rows of q; both stay in the L2 cache. */
const GROUP: i32 = 196608;
const BLOCK: i32 = 131072;
/** Bytes for the tile at the right edge of c. */
const EDGE: i32 = 512;

/** Bytes for 16 ones and 16 zeros, which stand for no column scales and for no bias: the module has no data of its own. */
const NEUTRAL: i32 = 128;

/** Bytes of scratch for each thread of a product of this depth, a multiple of 16. */
export function int8Scratch(depth: i32): i32 {
  return EDGE + NEUTRAL + (depth << 4) + max(GROUP, depth << 5);
}

/** From the panels of w [n, k] one of its transpose, [n/4][16][4], for columns k0 to k0 + 15; both sizes are padded. */
function transposePanel(panels: usize, k: i32, k0: i32, n: i32, to: usize): void {
  const next = <usize>k << 4;
  let from = panels + (<usize>k0 << 4);
  for (let i = 0; i < n; i += 16) {
    for (let t: usize = 0; t < 4; t++) {
      for (let u: usize = 0; u < 4; u++) {
        const v = v128.load(from + (t << 6) + (u << 4));
        v128.store(to + (u << 6) + (t << 4), i8x16.shuffle(v, v, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
      }
    }
    from += next;
    to += 256;
  }
}

/** A panel [depth/4][16][4] as one of 16 bits, [depth/2][16][2]. */
function widenPanel(from: usize, depth: i32, to: usize): void {
  for (let d = 0; d < depth; d += 4) {
    for (let u: usize = 0; u < 64; u += 16) {
      const v = v128.load(from + u);
      const low = i16x8.extend_low_i8x16_s(v);
      const high = i16x8.extend_high_i8x16_s(v);
      v128.store(to + u, v128.shuffle<i32>(low, high, 0, 2, 4, 6));
      v128.store(to + u, v128.shuffle<i32>(low, high, 1, 3, 5, 7), 64);
    }
    from += 64;
    to += 128;
  }
}

/** Numbers [start, end) of q as numbers of 16 bits. Ranges are multiples of 16. */
export function widenInt8(from: usize, to: usize, start: i32, end: i32): void {
  for (let i = start; i < end; i += 16) {
    const v = v128.load(from + i);
    v128.store(to + (<usize>i << 1), i16x8.extend_low_i8x16_u(v));
    v128.store(to + (<usize>i << 1), i16x8.extend_high_i8x16_u(v), 16);
  }
}

/** Rows of the largest tile of a kind. */
@inline
function tileRows(kind: i32): i32 {
  if (kind == FOURS) return tileColumns == 16 ? 4 : 6;
  return kind == PAIRS && tileColumns == 16 ? 3 : 4;
}

/** One row, or as many as the largest tile has, of 16 columns. */
@inline
function multiply(
  kind: i32, one: bool, a: usize, rowA: usize, b: usize, depth: i32, scales: usize, zeros: usize, sums: usize, columnScales: usize,
  bias: usize, c: usize, nextC: usize,
): void {
  const steps = depth >> 2;
  if (ASC_FEATURE_RELAXED_SIMD && tileColumns == 16 && kind != WIDENED) {
    if (kind == PAIRS) {
      if (one) pairs1x16(a, rowA, b, steps, scales, zeros, sums, columnScales, bias, c, nextC);
      else pairs3x16(a, rowA, b, steps, scales, zeros, sums, columnScales, bias, c, nextC);
    } else if (one) fours1x16(a, rowA, b, steps, scales, zeros, sums, columnScales, bias, c, nextC);
    else fours4x16(a, rowA, b, steps, scales, zeros, sums, columnScales, bias, c, nextC);
    return;
  }
  for (let h: usize = 0; h < 64; h += 32) {
    if (ASC_FEATURE_RELAXED_SIMD && kind == PAIRS) {
      if (one) pairs1x8(a, rowA, b + h, steps, scales, zeros, sums + h, columnScales + h, bias + h, c + h, nextC);
      else pairs4x8(a, rowA, b + h, steps, scales, zeros, sums + h, columnScales + h, bias + h, c + h, nextC);
    } else if (ASC_FEATURE_RELAXED_SIMD && kind == FOURS) {
      if (one) fours1x8(a, rowA, b + h, steps, scales, zeros, sums + h, columnScales + h, bias + h, c + h, nextC);
      else fours6x8(a, rowA, b + h, steps, scales, zeros, sums + h, columnScales + h, bias + h, c + h, nextC);
    } else if (one) widened1x8(a, rowA, b + h, depth >> 1, scales, zeros, sums + h, columnScales + h, bias + h, c + h, nextC);
    else widened4x8(a, rowA, b + h, depth >> 1, scales, zeros, sums + h, columnScales + h, bias + h, c + h, nextC);
  }
}

/**
 * Columns [start, end) of c [m, n] from the rows q [m, depth] of bytes, or of 16 bits for the widened kind, and from the panels
 * of a weight: [n, depth], or if `transposed` [depth, n]. The depth is a multiple of 16. `columnScales` and `bias` are 0 where there are none. `start` is a
 * multiple of 16.
 */
export function multiplyInt8(
  kind: i32, q: usize, scales: usize, zeros: usize, panels: usize, transposed: bool, sums: usize, columnScales: usize, bias: usize,
  c: usize, m: i32, n: i32, depth: i32, start: i32, end: i32, scratch: usize,
): void {
  const wide: i32 = kind == WIDENED ? 1 : 0;
  const rowA = <usize>depth << wide;
  const bytes = depth << (4 + wide);
  const group = max(16, (GROUP / max(bytes, 1)) << 4);
  const rows = tileRows(kind);
  const block = max(rows, BLOCK / max(<i32>rowA, 1) / rows * rows);
  const ones = scratch + EDGE;
  const nothing = ones + 64;
  for (let i: usize = 0; i < 64; i += 16) {
    v128.store(ones + i, f32x4.splat(1));
    v128.store(nothing + i, f32x4.splat(0));
  }
  const narrow = scratch + EDGE + NEUTRAL;
  const made = narrow + (<usize>depth << 4);
  const width = (n + 15) & ~15;
  for (let g = start; g < end; g += group) {
    const stop = min(end, g + group);
    let used = panels + (<usize>g >> 4) * (<usize>depth << 4);
    if (transposed || wide) {
      for (let j = g; j < stop; j += 16) {
        const target = made + <usize>((j - g) >> 4) * bytes;
        let from = panels + (<usize>j >> 4) * (<usize>depth << 4);
        if (transposed) {
          from = wide ? narrow : target;
          transposePanel(panels, width, j, depth, from);
        }
        if (wide) widenPanel(from, depth, target);
      }
      used = made;
    }
    for (let r = 0; r < m; r += block) {
      const last = min(m, r + block);
      let panel = used;
      for (let j = g; j < stop; j += 16) {
        const columns = min(16, n - j);
        const ownScales = columnScales == 0 ? ones : at(columnScales, j);
        const ownBias = bias == 0 ? nothing : at(bias, j);
        for (let i = r; i < last; ) {
          const one = i + rows > last;
          const target = columns == 16 ? at(c, i * n + j) : scratch;
          const nextC: usize = columns == 16 ? <usize>n << 2 : 64;
          multiply(
            kind, one, q + <usize>i * rowA, rowA, panel, depth, at(scales, i), at(zeros, i), at(sums, j), ownScales, ownBias, target, nextC,
          );
          const count = one ? 1 : rows;
          if (columns < 16) {
            for (let e = 0; e < count; e++) memory.copy(at(c, (i + e) * n + j), scratch + (<usize>e << 6), <usize>columns << 2);
          }
          i += count;
        }
        panel += <usize>bytes;
      }
    }
  }
}
