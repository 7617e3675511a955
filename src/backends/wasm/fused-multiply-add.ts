/** A module that exports f(a, b, c) = a b + c as relaxed SIMD computes it, in the format of WebAssembly. */
const bytes = new Uint8Array([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  // Types: (f32, f32, f32) -> f32.
  ...[0x01, 0x08, 0x01, 0x60, 0x03, 0x7d, 0x7d, 0x7d, 0x01, 0x7d],
  // Functions: one of type 0. Exports: it, as "f".
  ...[0x03, 0x02, 0x01, 0x00, 0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00],
  // Code: its 20 bytes without locals; each argument as f32x4.splat, f32x4.relaxed_madd, f32x4.extract_lane 0, end.
  ...[0x0a, 0x16, 0x01, 0x14, 0x00, 0x20, 0x00, 0xfd, 0x13, 0x20, 0x01, 0xfd, 0x13, 0x20, 0x02, 0xfd, 0x13],
  ...[0xfd, 0x85, 0x02, 0xfd, 0x1f, 0x00, 0x0b],
]);

/**
 * Returns whether the engine has relaxed SIMD, and its a b + c is rounded once: JavaScriptCore rounds twice, and so does V8 on a
 * processor without such an instruction.
 */
export function engineFuses(): boolean {
  if (!WebAssembly.validate(bytes)) return false;
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  const a = 1 + 2 ** -12;
  // a² is 1 + 2^-11 + 2^-24, whose last part is lost where the product is rounded.
  return (f as (a: number, b: number, c: number) => number)(a, a, -(1 + 2 ** -11)) === 2 ** -24;
}
