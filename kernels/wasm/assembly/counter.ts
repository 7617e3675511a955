// The counter-based generator of src/random/counter.ts, four numbers at a time.
import { at, storeUpTo4 } from './simd';

/** Constants in memory; see math.ts. */
const WORDS = memory.data<u32>([0x21f0aaad, 0xd35a2d97, 0x9e3779b9, 0x33800000]);

@inline
function word(i: i32): v128 {
  return v128.load32_splat(WORDS + (<usize>i << 2));
}

@inline
function mix(x: v128): v128 {
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), word(0));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), word(1));
  return v128.xor(x, i32x4.shr_u(x, 15));
}

/** The next four numbers of the stream `seed` (in all lanes) at the given indices: U[0, 1) with 24 random bits. */
@inline
export function uniform4(seed: v128, indices: v128): v128 {
  const bits = mix(i32x4.add(mix(i32x4.add(indices, word(2))), seed));
  // 0x33800000 is 2^-24 as a float.
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(bits, 8)), word(3));
}

/** Elements [start, end) of a stream, as in templates/elementwise.ts. */
export function uniform(out: usize, seed: i32, start: i32, end: i32): void {
  const seeds = i32x4.splat(seed);
  const four = i32x4.splat(4);
  let indices = i32x4.add(i32x4.splat(start), i32x4(0, 1, 2, 3));
  for (let i = start; i < end; i += 4) {
    v128.store(at(out, i), uniform4(seeds, indices));
    indices = i32x4.add(indices, four);
  }
}

/** out = u >= p ? x * scale : 0 with number i of the stream `seed` for element i, elements [start, end) as in templates/elementwise.ts. */
export function dropout(x: usize, out: usize, p: f32, scale: f32, seed: i32, start: i32, end: i32): void {
  dropRow(at(x, start), at(out, start), end - start, p, scale, seed, start);
}

/** The same for one row of n floats, whose first has the number `first` in the stream. */
export function dropRow(x: usize, out: usize, n: i32, p: f32, scale: f32, seed: i32, first: i32): void {
  const seeds = i32x4.splat(seed);
  const limit = f32x4.splat(p);
  const factor = f32x4.splat(scale);
  const step = i32x4.splat(8);
  let indices = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3));
  let indices2 = i32x4.add(i32x4.splat(first), i32x4(4, 5, 6, 7));
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const low = v128.and(f32x4.mul(v128.load(at(x, i)), factor), f32x4.ge(uniform4(seeds, indices), limit));
    const high = v128.and(f32x4.mul(v128.load(at(x, i), 16), factor), f32x4.ge(uniform4(seeds, indices2), limit));
    v128.store(at(out, i), low);
    v128.store(at(out, i), high, 16);
    indices = i32x4.add(indices, step);
    indices2 = i32x4.add(indices2, step);
  }
  for (; i < n; i += 4) {
    const y = v128.and(f32x4.mul(v128.load(at(x, i)), factor), f32x4.ge(uniform4(seeds, indices), limit));
    storeUpTo4(at(out, i), y, n - i);
    indices = indices2;
  }
}
