/** Transposes 4 x 4 floats; strides in bytes. */
@inline
export function transpose4(from: usize, strideFrom: usize, to: usize, strideTo: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + strideFrom);
  const r2 = v128.load(from + 2 * strideFrom);
  const r3 = v128.load(from + 3 * strideFrom);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(to + strideTo, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  v128.store(to + 2 * strideTo, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  v128.store(to + 3 * strideTo, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}
