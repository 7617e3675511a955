// Loads, stores and lane sums shared by all kernels. Addresses are in bytes, lengths in floats.

/** The address of float `i` of the array at `base`. */
@inline
export function at(base: usize, i: i32): usize {
  return base + (<usize>i << 2);
}

/** The same where `base` may be 0, which stands for no array and stays 0. */
@inline
export function atOptional(base: usize, i: i32): usize {
  return base == 0 ? base : at(base, i);
}

/** All bits set in the first `count` lanes. */
@inline
export function firstLanes(count: i32): v128 {
  return i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3));
}

/** The next `count` (1 to 3) floats; the lanes after them hold `fill`. Reads 16 bytes, which the allocator allows. */
@inline
export function loadTail(address: usize, count: i32, fill: f32): v128 {
  return v128.bitselect(v128.load(address), f32x4.splat(fill), firstLanes(count));
}

/** Stores the first `count` (1 to 3) lanes and nothing else. */
@inline
export function storeTail(address: usize, x: v128, count: i32): void {
  if (count & 2) {
    v128.store64_lane(address, x, 0);
    if (count & 1) v128.store32_lane(address, x, 2, 8);
  } else {
    v128.store32_lane(address, x, 0);
  }
}

/** Four floats, or the `count` that are left; the lanes after them hold `fill`. */
@inline
export function loadUpTo4(address: usize, count: i32, fill: f32): v128 {
  return count >= 4 ? v128.load(address) : loadTail(address, count, fill);
}

/** Stores four floats, or the `count` that are left. */
@inline
export function storeUpTo4(address: usize, x: v128, count: i32): void {
  if (count >= 4) v128.store(address, x);
  else storeTail(address, x, count);
}

@inline
export function sumLanes(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

@inline
export function maxLanes(x: v128): f32 {
  const pairs = f32x4.max(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/** a b + c, in one instruction where relaxed SIMD has it. */
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}
