// The counter-based generator of src/random/counter.ts, four numbers at a time.

@inline
function mix(x: v128): v128 {
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x21f0aaad));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(0xd35a2d97));
  return v128.xor(x, i32x4.shr_u(x, 15));
}

/** Numbers `index` to `index + 3` of the stream `seed`: U[0, 1) with 24 random bits. */
@inline
export function uniform4(seed: i32, index: i32): v128 {
  const indices = i32x4.add(i32x4.splat(index), i32x4(0, 1, 2, 3));
  const bits = mix(i32x4.add(mix(i32x4.add(indices, i32x4.splat(0x9e3779b9))), i32x4.splat(seed)));
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(bits, 8)), f32x4.splat(5.9604644775390625e-8));
}

/** Elements [start, end) of a stream; `start` is a multiple of 4. */
export function uniform(out: usize, seed: i32, start: i32, end: i32): void {
  for (let i = start; i < end; i += 4) v128.store(out + (<usize>i << 2), uniform4(seed, i));
}

/** out = u >= p ? x * scale : 0 with number i of the stream `seed` for element i; `start` is a multiple of 4. */
export function dropout(x: usize, out: usize, p: f32, scale: f32, seed: i32, start: i32, end: i32): void {
  for (let i = start; i < end; i += 4) {
    const kept = f32x4.ge(uniform4(seed, i), f32x4.splat(p));
    const y = f32x4.mul(v128.load(x + (<usize>i << 2)), f32x4.splat(scale));
    v128.store(out + (<usize>i << 2), v128.and(y, kept));
  }
}
