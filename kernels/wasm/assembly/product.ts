// out = scale x y elementwise, without y (address 0) out = scale x; elements [start, end) as in templates/elementwise.ts. out may be x or y.
export function scaledProduct(x: usize, y: usize, scale: f32, out: usize, start: i32, end: i32): void {
  const stop = <usize>end << 2;
  const factor = f32x4.splat(scale);
  if (y == 0) {
    for (let i = <usize>start << 2; i < stop; i += 16) v128.store(out + i, f32x4.mul(v128.load(x + i), factor));
    return;
  }
  for (let i = <usize>start << 2; i < stop; i += 32) {
    const low = f32x4.mul(f32x4.mul(v128.load(x + i), v128.load(y + i)), factor);
    const high = f32x4.mul(f32x4.mul(v128.load(x + i, 16), v128.load(y + i, 16)), factor);
    v128.store(out + i, low);
    v128.store(out + i, high, 16);
  }
}
