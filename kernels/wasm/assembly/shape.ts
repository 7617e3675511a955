// Kernels that move data: fill, select, strided copy (slice, pad, concat, broadcast), transposition. See layout.ts.
import { innerLength, offsetOf, step } from './layout';
import { at, storeTail, storeUpTo4 } from './simd';
import { transpose4 } from './transpose4';

/** out = value for elements [start, end); `start` is a multiple of 16, and the last step may write into the padding. */
export function fill(out: usize, value: f32, start: i32, end: i32): void {
  const stop = <usize>end << 2;
  const v = f32x4.splat(value);
  for (let i = <usize>start << 2; i < stop; i += 16) v128.store(out + i, v);
}

/** out = condition != 0 ? a : b for elements [start, end); the operands of the layout are condition, a, b. */
export function select(condition: usize, a: usize, b: usize, out: usize, layout: usize, start: i32, end: i32): void {
  const n = innerLength(layout);
  const stepC = step(layout, 0);
  const stepA = step(layout, 1);
  const stepB = step(layout, 2);
  for (let i = start; i < end; ) {
    const outer = i / n;
    const column = i - outer * n;
    const count = min(n - column, end - i);
    const fromC = at(condition, offsetOf(layout, 0, outer) + stepC * column);
    const fromA = at(a, offsetOf(layout, 1, outer) + stepA * column);
    const fromB = at(b, offsetOf(layout, 2, outer) + stepB * column);
    let vc = v128.load32_splat(fromC);
    let va = v128.load32_splat(fromA);
    let vb = v128.load32_splat(fromB);
    for (let j = 0; j < count; j += 4) {
      if (stepC) vc = v128.load(at(fromC, j));
      if (stepA) va = v128.load(at(fromA, j));
      if (stepB) vb = v128.load(at(fromB, j));
      const y = v128.bitselect(va, vb, f32x4.ne(vc, f32x4.splat(0)));
      storeUpTo4(at(out, i + j), y, count - j);
    }
    i += count;
  }
}

/** Copies elements [start, end) of a walk; operand 0 is the source, operand 1 the destination (inner step 1). */
export function copy(from: usize, to: usize, layout: usize, start: i32, end: i32): void {
  const n = innerLength(layout);
  const stepFrom = step(layout, 0);
  for (let i = start; i < end; ) {
    const outer = i / n;
    const column = i - outer * n;
    const count = min(n - column, end - i);
    const source = at(from, offsetOf(layout, 0, outer) + stepFrom * column);
    const target = at(to, offsetOf(layout, 1, outer) + column);
    let v = v128.load32_splat(source);
    let j = 0;
    for (; j + 4 <= count; j += 4) {
      if (stepFrom) v = v128.load(at(source, j));
      v128.store(at(target, j), v);
    }
    if (j < count) storeTail(at(target, j), stepFrom ? v128.load(at(source, j)) : v, count - j);
    i += count;
  }
}

const BLOCK = 16;

/**
 * Transposes planes: to[r * strideTo + c] = from[c * strideFrom + r], r < rows, c < columns, at each outer position of the
 * layout (operand 0 source, operand 1 destination). The range counts blocks of 16 rows over all planes.
 */
export function transpose(
  from: usize,
  to: usize,
  layout: usize,
  rows: i32,
  columns: i32,
  strideFrom: i32,
  strideTo: i32,
  start: i32,
  end: i32,
): void {
  const blocks = (rows + BLOCK - 1) / BLOCK;
  for (let unit = start; unit < end; unit++) {
    const plane = unit / blocks;
    const first = (unit - plane * blocks) * BLOCK;
    const source = at(from, offsetOf(layout, 0, plane) + first);
    const target = at(to, offsetOf(layout, 1, plane) + first * strideTo);
    transposeBlock(source, target, min(BLOCK, rows - first), columns, strideFrom, strideTo);
  }
}

/** One of these planes. */
export function transposeBlock(from: usize, to: usize, rows: i32, columns: i32, strideFrom: i32, strideTo: i32): void {
  let c = 0;
  for (; c + 4 <= columns; c += 4) {
    let r = 0;
    for (; r + 4 <= rows; r += 4) {
      transpose4(at(from, c * strideFrom + r), <usize>strideFrom << 2, at(to, r * strideTo + c), <usize>strideTo << 2);
    }
    for (; r < rows; r++) {
      for (let d = c; d < c + 4; d++) store<f32>(at(to, r * strideTo + d), load<f32>(at(from, d * strideFrom + r)));
    }
  }
  for (; c < columns; c++) {
    for (let r = 0; r < rows; r++) store<f32>(at(to, r * strideTo + c), load<f32>(at(from, c * strideFrom + r)));
  }
}
