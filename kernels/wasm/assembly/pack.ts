// Copies a block of a matrix into panels: panel p holds lines p*width .. p*width + width - 1, stored [depth][width], so that the
// matrix product reads memory in order. Missing lines of the last panel are zero. Strides in bytes.
import { at, firstLanes } from './simd';
import { transpose4 } from './transpose4';

/** The part of a panel that is filled before the next one stays in the L1 cache. */
const DEPTH = 32;

/** Lines lie side by side, the depth is strided; `width` is 4, 6, 8 or 16. */
export function packAcross(from: usize, stride: usize, to: usize, lines: i32, depth: i32, width: i32): void {
  for (let line = 0; line < lines; line += width) {
    let source = from + (<usize>line << 2);
    for (let d = 0; d < depth; d++) {
      if (lines - line >= width) copyLines(source, to, width);
      else copyFewLines(source, to, lines - line, width);
      source += stride;
      to += <usize>width << 2;
    }
  }
}

@inline
function copyLines(from: usize, to: usize, width: i32): void {
  v128.store(to, v128.load(from));
  if (width == 4) return;
  if (width == 6) {
    v128.store64_lane(to, v128.load64_zero(from, 16), 0, 16);
    return;
  }
  v128.store(to, v128.load(from, 16), 16);
  if (width == 8) return;
  v128.store(to, v128.load(from, 32), 32);
  v128.store(to, v128.load(from, 48), 48);
}

/** A width of 6 writes 8 bytes too many, which the next copy overwrites. */
function copyFewLines(from: usize, to: usize, present: i32, width: i32): void {
  for (let i = 0; i < width; i += 4) {
    v128.store(at(to, i), v128.and(v128.load(at(from, i)), firstLanes(present - i)));
  }
}

/** The depth lies side by side, lines are strided; `width` is 8 or 16. */
export function packAlong(from: usize, stride: usize, to: usize, lines: i32, depth: i32, width: i32): void {
  const next = <usize>width << 2;
  for (let line = 0; line < lines; line += width) {
    for (let d = 0; d < depth; d += DEPTH) {
      const deep = min(DEPTH, depth - d);
      for (let i = 0; i < width; i += 4) {
        const present = lines - line - i;
        const source = at(from + <usize>(line + i) * stride, d);
        const target = at(to, i);
        if (present >= 4) packFour(source, stride, target, next, deep);
        else packFew(source, stride, target, next, max(present, 0), deep);
      }
      to += next * deep;
    }
  }
}

@inline
function packFour(from: usize, stride: usize, to: usize, next: usize, depth: i32): void {
  let d = 0;
  for (; d + 4 <= depth; d += 4) {
    transpose4(from, stride, to, next);
    from += 16;
    to += 4 * next;
  }
  for (; d < depth; d++) {
    for (let i = 0; i < 4; i++) store<f32>(to + (<usize>i << 2), load<f32>(from + <usize>i * stride));
    from += 4;
    to += next;
  }
}

function packFew(from: usize, stride: usize, to: usize, next: usize, present: i32, depth: i32): void {
  for (let d = 0; d < depth; d++) {
    v128.store(to, f32x4.splat(0));
    for (let i = 0; i < present; i++) store<f32>(to + (<usize>i << 2), load<f32>(from + <usize>i * stride));
    from += 4;
    to += next;
  }
}
