// Copies a block of a matrix into panels: panel p holds lines p*width .. p*width + width - 1, stored [depth][width], so that the
// matrix product reads memory in order. Missing lines of the last panel are zero. Strides in bytes.
import { firstLanes } from './simd';
import { transpose4 } from './transpose4';

/** Lines lie side by side, the depth is strided. */
export function packAcross(from: usize, stride: usize, to: usize, lines: i32, depth: i32, width: i32): void {
  const next = <usize>width << 2;
  for (let line = 0; line < lines; line += width) {
    for (let i = 0; i < width; i += 4) {
      copyFour(from + (<usize>(line + i) << 2), stride, to + (<usize>i << 2), next, lines - line - i, depth);
    }
    to += next * depth;
  }
}

/** Four lines of a panel, of which `present` exist. */
@inline
function copyFour(from: usize, stride: usize, to: usize, next: usize, present: i32, depth: i32): void {
  const mask = firstLanes(present);
  for (let d = 0; d < depth; d++) {
    v128.store(to, v128.and(v128.load(from), mask));
    from += stride;
    to += next;
  }
}

/** The depth lies side by side, lines are strided. */
export function packAlong(from: usize, stride: usize, to: usize, lines: i32, depth: i32, width: i32): void {
  const next = <usize>width << 2;
  for (let line = 0; line < lines; line += width) {
    for (let i = 0; i < width; i += 4) {
      const present = lines - line - i;
      const source = from + <usize>(line + i) * stride;
      const target = to + (<usize>i << 2);
      if (present >= 4) packFour(source, stride, target, next, depth);
      else packFew(source, stride, target, next, max(present, 0), depth);
    }
    to += next * depth;
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
