// Matrices of 8 bits: src/backends/reference/int8.ts defines the format. A weight [n, k] lies in panels of 16 of its rows,
// [n/16][k/4][16][4], with n and k padded with zeros to multiples of 16. No relaxed instruction here: results are the same everywhere.
import { widenF16 } from './f16';
import { at, maxLanes, storeUpTo4 } from './simd';

/** Added to a small number it rounds it to a whole one, which is then in the low bits. */
const MAGIC: f32 = 12582912;
const LEAST_SCALE: f32 = 1e-30;

@inline
export function padded(n: i32): i32 {
  return (n + 15) & ~15;
}

/** Four floats, of which `count` are there; the others are 0. */
@inline
function upTo4(address: usize, count: i32): v128 {
  if (count >= 4) return v128.load(address);
  if (count <= 0) return f32x4.splat(0);
  return v128.and(v128.load(address), i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3)));
}

/** A range in steps; NaN where it is not finite. */
@inline
function scaleOf(range: f32, reciprocal: f32): f32 {
  const scale = range * reciprocal;
  return scale < Infinity ? max<f32>(scale, LEAST_SCALE) : NaN;
}

@inline
function times(x: v128, columnScales: usize, offset: usize): v128 {
  return columnScales == 0 ? x : f32x4.mul(x, v128.load(columnScales + offset));
}

/**
 * Rows [start, end) of x [.., k], times columnScales [padded k] if that is not 0: q [.., padded k], scales, and zero points, which
 * are stored negated.
 */
export function quantizeInt8(
  x: usize, columnScales: usize, q: usize, scales: usize, zeros: usize, k: i32, start: i32, end: i32,
): void {
  const whole = k & ~15;
  for (let r = start; r < end; r++) {
    const row = at(x, r * k);
    let low0 = f32x4.splat(0), low1 = low0, high0 = low0, high1 = low0, special0 = low0, special1 = low0;
    for (let i = 0; i < whole; i += 8) {
      const offset = <usize>i << 2;
      const u = times(v128.load(row + offset), columnScales, offset);
      const v = times(v128.load(row + offset, 16), columnScales, offset + 16);
      // These two skip NaN, and are one instruction each, unlike min and max.
      low0 = f32x4.pmin(low0, u);
      low1 = f32x4.pmin(low1, v);
      high0 = f32x4.pmax(high0, u);
      high1 = f32x4.pmax(high1, v);
      special0 = v128.or(special0, f32x4.ne(u, u));
      special1 = v128.or(special1, f32x4.ne(v, v));
    }
    for (let i = whole; i < k; i += 4) {
      const offset = <usize>i << 2;
      const u = times(upTo4(row + offset, k - i), columnScales, offset);
      low0 = f32x4.pmin(low0, u);
      high0 = f32x4.pmax(high0, u);
      special0 = v128.or(special0, f32x4.ne(u, u));
    }
    const low = -maxLanes(f32x4.neg(f32x4.pmin(low0, low1)));
    const high = maxLanes(f32x4.pmax(high0, high1));
    const hasNaN = v128.any_true(v128.or(special0, special1));
    const scale: f32 = hasNaN ? NaN : scaleOf(high - low, 1.0 / 127.0);
    const to = q + <usize>r * padded(k);
    store<f32>(at(scales, r), scale);
    if (scale != scale) {
      store<i32>(at(zeros, r), 0);
      memory.fill(to, 0, padded(k));
      continue;
    }
    const inverse: f32 = 1 / scale;
    const zero = min(<i32>nearest<f32>(-low * inverse), 127);
    store<i32>(at(zeros, r), -zero);
    const factor = f32x4.splat(inverse);
    const shift = f32x4.splat(MAGIC + <f32>zero);
    for (let i = 0; i < whole; i += 16) {
      const from = row + (<usize>i << 2);
      const u0 = v128.load(from), u1 = v128.load(from, 16), u2 = v128.load(from, 32), u3 = v128.load(from, 48);
      storeRounded(to + i, u0, u1, u2, u3, columnScales, <usize>i << 2, factor, shift);
    }
    if (whole < k) {
      const from = at(row, whole);
      const rest = k - whole;
      const u0 = upTo4(from, rest), u1 = upTo4(from + 16, rest - 4), u2 = upTo4(from + 32, rest - 8), u3 = upTo4(from + 48, rest - 12);
      storeRounded(to + whole, u0, u1, u2, u3, columnScales, <usize>whole << 2, factor, shift);
    }
  }
}

@inline
function rounded(x: v128, factor: v128, shift: v128): v128 {
  return i32x4.sub(f32x4.add(f32x4.mul(x, factor), shift), f32x4.splat(MAGIC));
}

/** Stores 16 rounded numbers, limited to 0 to 127. */
@inline
function storeRounded(
  to: usize, u0: v128, u1: v128, u2: v128, u3: v128, columnScales: usize, offset: usize, factor: v128, shift: v128,
): void {
  const w0 = rounded(times(u0, columnScales, offset), factor, shift);
  const w1 = rounded(times(u1, columnScales, offset + 16), factor, shift);
  const w2 = rounded(times(u2, columnScales, offset + 32), factor, shift);
  const w3 = rounded(times(u3, columnScales, offset + 48), factor, shift);
  const bytes = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(w0, w1), i16x8.narrow_i32x4_s(w2, w3));
  v128.store(to, i8x16.min_u(bytes, i8x16.splat(127)));
}

/**
 * Panels of rows [start, end) of the weight w [n, k], of float32 or float16, with the scales of the rows and the sums of their
 * whole numbers. `scratch` is for padded(k) floats.
 */
export function packInt8(
  w: usize, f16: bool, panels: usize, scales: usize, sums: usize, n: i32, k: i32, start: i32, end: i32, scratch: usize,
): void {
  const deep = padded(k);
  for (let r = start; r < end; r++) {
    let to = panels + <usize>(r >> 4) * (<usize>deep << 4) + (<usize>(r & 15) << 2);
    let scale: f32 = 0;
    if (r < n) {
      memory.fill(scratch, 0, <usize>deep << 2);
      if (f16) widenF16(w + (<usize>r * k << 1), scratch, 0, k);
      else memory.copy(scratch, at(w, r * k), <usize>k << 2);
      // This maximum is NaN if one number is.
      let largest = f32x4.splat(0);
      for (let i = 0; i < deep; i += 4) largest = f32x4.max(largest, f32x4.abs(v128.load(at(scratch, i))));
      scale = scaleOf(maxLanes(largest), 1.0 / 63.0);
    }
    store<f32>(at(scales, r), scale);
    if (r >= n || scale != scale) {
      store<i32>(at(sums, r), 0);
      for (let i = 0; i < deep; i += 4) {
        store<i32>(to, 0);
        to += 64;
      }
      continue;
    }
    const factor = f32x4.splat(1 / scale);
    const shift = f32x4.splat(MAGIC);
    let sum = i32x4.splat(0);
    for (let i = 0; i < deep; i += 4) {
      const q = i32x4.max_s(i32x4.min_s(rounded(v128.load(at(scratch, i)), factor, shift), i32x4.splat(63)), i32x4.splat(-63));
      sum = i32x4.add(sum, q);
      const pairs = i16x8.narrow_i32x4_s(q, q);
      v128.store32_lane(to, i8x16.narrow_i16x8_s(pairs, pairs), 0);
      to += 64;
    }
    store<i32>(at(sums, r), i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3));
  }
}

/** Sums over the rows of a weight [n, k], for columns [start, end) of the padded k; `start` is a multiple of 4. */
export function sumInt8(panels: usize, sums: usize, n: i32, k: i32, start: i32, end: i32): void {
  const next = <usize>padded(k) << 4;
  for (let i = start; i < end; i += 4) {
    let from = panels + (<usize>i << 4);
    let sum = i32x4.splat(0);
    for (let r = 0; r < n; r += 16) {
      let pairs = i16x8.splat(0);
      for (let u = 0; u < 64; u += 16) {
        const q = v128.load(from + u);
        pairs = i16x8.add(pairs, i16x8.add(i16x8.extend_low_i8x16_s(q), i16x8.extend_high_i8x16_s(q)));
      }
      sum = i32x4.add(sum, i32x4.add(i32x4.extend_low_i16x8_s(pairs), i32x4.extend_high_i16x8_s(pairs)));
      from += next;
    }
    storeUpTo4(at(sums, i), sum, end - i);
  }
}
