// Numbers of 16 bits (float16, IEEE 754 binary16), as frozen weights may be stored. Widening to float32 is exact.
import { at, firstLanes, storeTail, storeUpTo4 } from './simd';

/** The address of float16 `i` of the array at `base`. */
@inline
export function atF16(base: usize, i: i32): usize {
  return base + (<usize>i << 1);
}

/**
 * Four float16 as float32; each lane holds the 16 bits of one, sign-extended.
 *
 * Sign, exponent and fraction move to their places in a float. Exponents are biased by 15 in float16 and by 127 in float32, so the
 * number is then too small by 2^112, subnormal or not. From 2^16 on it was an infinity or NaN: all bits of the exponent.
 */
@inline
function widen4(bits: v128): v128 {
  const placed = v128.and(i32x4.shl(bits, 13), i32x4.splat(0x8fffe000));
  const x = f32x4.mul(placed, f32x4.splat(reinterpret<f32>((127 + 112) << 23)));
  const isSpecial = f32x4.ge(f32x4.abs(x), f32x4.splat(65536));
  return v128.or(x, v128.and(isSpecial, i32x4.splat(0x7f800000)));
}

@inline
function load4(address: usize): v128 {
  return widen4(v128.load_ext<i16>(address));
}

/** to[i] = from[i] for the float16 `from`, elements [start, end). */
export function widenF16(from: usize, to: usize, start: i32, end: i32): void {
  let i = start;
  for (; i + 4 <= end; i += 4) v128.store(at(to, i), load4(atF16(from, i)));
  if (i < end) storeTail(at(to, i), load4(atF16(from, i)), end - i);
}

/** The same for bfloat16, which is the upper half of a float32. */
export function widenBf16(from: usize, to: usize, start: i32, end: i32): void {
  for (let i = start; i < end; i += 4) {
    storeUpTo4(at(to, i), i32x4.shl(v128.load_ext<u16>(atF16(from, i)), 16), end - i);
  }
}

/** The same for float64, rounded to nearest. */
export function narrowF64(from: usize, to: usize, start: i32, end: i32): void {
  for (let i = start; i < end; i++) store<f32>(at(to, i), <f32>load<f64>(from + (<usize>i << 3)));
}

/** `gather` from a table of float16. */
export function gatherF16(table: usize, ids: usize, out: usize, width: i32, start: i32, end: i32): void {
  for (let r = start; r < end; r++) {
    const id = load<i32>(at(ids, r));
    const to = at(out, r * width);
    if (id < 0) memory.fill(to, 0, <usize>width << 2);
    else widenF16(atF16(table, id * width), to, 0, width);
  }
}

/** `packAcross` from float16: lines lie side by side, the depth is strided (in bytes). */
export function packAcrossF16(from: usize, stride: usize, to: usize, lines: i32, depth: i32, width: i32): void {
  for (let line = 0; line < lines; line += width) {
    const present = lines - line;
    let source = atF16(from, line);
    for (let d = 0; d < depth; d++) {
      if (present >= width) {
        for (let i = 0; i < width; i += 4) v128.store(at(to, i), load4(atF16(source, i)));
      } else {
        for (let i = 0; i < width; i += 4) {
          v128.store(at(to, i), v128.and(load4(atF16(source, i)), firstLanes(present - i)));
        }
      }
      source += stride;
      to += <usize>width << 2;
    }
  }
}

/** `packAlong` from float16: the depth lies side by side, lines are strided (in bytes). */
export function packAlongF16(from: usize, stride: usize, to: usize, lines: i32, depth: i32, width: i32): void {
  const next = <usize>width << 2;
  for (let line = 0; line < lines; line += width) {
    for (let i = 0; i < width; i += 4) {
      const present = lines - line - i;
      const source = from + <usize>(line + i) * stride;
      const target = at(to, i);
      if (present >= 4) packFour(source, stride, target, next, depth);
      else packFew(source, stride, target, next, present, depth);
    }
    to += next * depth;
  }
}

/** 4 x 4 float16 are transposed by pairs, then widened. */
@inline
function packFour(from: usize, stride: usize, to: usize, next: usize, depth: i32): void {
  let d = 0;
  for (; d + 4 <= depth; d += 4) {
    const r0 = v128.load64_zero(from);
    const r1 = v128.load64_zero(from + stride);
    const r2 = v128.load64_zero(from + 2 * stride);
    const r3 = v128.load64_zero(from + 3 * stride);
    const r01 = v128.shuffle<i16>(r0, r1, 0, 8, 1, 9, 2, 10, 3, 11);
    const r23 = v128.shuffle<i16>(r2, r3, 0, 8, 1, 9, 2, 10, 3, 11);
    const low = v128.shuffle<i32>(r01, r23, 0, 4, 1, 5);
    const high = v128.shuffle<i32>(r01, r23, 2, 6, 3, 7);
    v128.store(to, widen4(i32x4.extend_low_i16x8_s(low)));
    v128.store(to + next, widen4(i32x4.extend_high_i16x8_s(low)));
    v128.store(to + 2 * next, widen4(i32x4.extend_low_i16x8_s(high)));
    v128.store(to + 3 * next, widen4(i32x4.extend_high_i16x8_s(high)));
    from += 8;
    to += 4 * next;
  }
  packFew(from, stride, to, next, 4, depth - d);
}

/** Lines [0, present) of four; the others are zero. */
function packFew(from: usize, stride: usize, to: usize, next: usize, present: i32, depth: i32): void {
  for (let d = 0; d < depth; d++) {
    let bits = i32x4.splat(0);
    if (present > 0) bits = i32x4.replace_lane(bits, 0, load<i16>(from));
    if (present > 1) bits = i32x4.replace_lane(bits, 1, load<i16>(from + stride));
    if (present > 2) bits = i32x4.replace_lane(bits, 2, load<i16>(from + 2 * stride));
    if (present > 3) bits = i32x4.replace_lane(bits, 3, load<i16>(from + 3 * stride));
    v128.store(to, widen4(bits));
    from += 2;
    to += next;
  }
}
