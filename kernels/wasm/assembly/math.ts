// Four-lane elementary functions. Errors were measured against float64 over the whole range (test/backends/wasm-math.test.ts).

const ROUND: f32 = 12582912.0; // 1.5 * 2^23: adding it rounds to an integer, which lands in the low bits
const LOG2_E: f32 = 1.44269504088896341;
const LN2_HIGH: f32 = 0.693359375; // few bits, so that n * LN2_HIGH is exact
const LN2_LOW: f32 = -2.12194440e-4;

@inline
function fma(a: v128, b: v128, c: f32): v128 {
  return f32x4.add(f32x4.mul(a, b), f32x4.splat(c));
}

/** 2^n for integers n in [-126, 127]. */
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/**
 * e^x = 2^n e^r, |r| <= ln(2)/2, with the polynomial of Cephes' expf (S. Moshier). Relative error below 2e-7;
 * e^x is rounded gradually to 0 below -87.3 and is infinite above 88.73.
 */
@inline
export function exp(x: v128): v128 {
  const clamped = f32x4.pmax(f32x4.pmin(x, f32x4.splat(89)), f32x4.splat(-105));
  const shifted = fma(clamped, f32x4.splat(LOG2_E), ROUND);
  const n = i32x4.sub(shifted, i32x4.splat(0x4b400000));
  const nf = f32x4.sub(shifted, f32x4.splat(ROUND));
  let r = f32x4.sub(clamped, f32x4.mul(nf, f32x4.splat(LN2_HIGH)));
  r = f32x4.sub(r, f32x4.mul(nf, f32x4.splat(LN2_LOW)));
  let p = fma(f32x4.splat(1.9875691500e-4), r, 1.3981999507e-3);
  p = fma(p, r, 8.3334519073e-3);
  p = fma(p, r, 4.1665795894e-2);
  p = fma(p, r, 1.6666665459e-1);
  p = fma(p, r, 5.0000001201e-1);
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(r, r), p), r), f32x4.splat(1));
  // In two steps, because 2^n itself may be subnormal or too large.
  const half = i32x4.shr_s(n, 1);
  return f32x4.mul(f32x4.mul(p, powerOfTwo(half)), powerOfTwo(i32x4.sub(n, half)));
}

/** log x = e log 2 + log m, m in [sqrt(1/2), sqrt(2)), with the polynomial of Cephes' logf. Relative error below 3e-7. */
export function log(x: v128): v128 {
  const subnormal = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, subnormal);
  // Subtracting the bits of sqrt(1/2) makes the exponent field that of m in [sqrt(1/2), sqrt(2)).
  const bits = i32x4.sub(scaled, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.shr_s(bits, 23);
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const e = f32x4.sub(f32x4.convert_i32x4_s(exponent), v128.and(subnormal, f32x4.splat(23)));
  const t = f32x4.sub(m, f32x4.splat(1));
  const t2 = f32x4.mul(t, t);
  let p = fma(f32x4.splat(7.0376836292e-2), t, -1.1514610310e-1);
  p = fma(p, t, 1.1676998740e-1);
  p = fma(p, t, -1.2420140846e-1);
  p = fma(p, t, 1.4249322787e-1);
  p = fma(p, t, -1.6668057665e-1);
  p = fma(p, t, 2.0000714765e-1);
  p = fma(p, t, -2.4999993993e-1);
  p = fma(p, t, 3.3333331174e-1);
  p = f32x4.mul(p, f32x4.mul(t, t2));
  p = f32x4.add(p, f32x4.mul(e, f32x4.splat(LN2_LOW)));
  p = f32x4.sub(p, f32x4.mul(t2, f32x4.splat(0.5)));
  let y = f32x4.add(f32x4.add(t, p), f32x4.mul(e, f32x4.splat(LN2_HIGH)));
  y = v128.bitselect(x, y, f32x4.eq(x, f32x4.splat(Infinity)));
  y = v128.bitselect(f32x4.splat(-Infinity), y, f32x4.eq(x, f32x4.splat(0)));
  return v128.bitselect(y, f32x4.splat(NaN), f32x4.ge(x, f32x4.splat(0)));
}

/** 1 / (1 + e^-x). Relative error below 3e-7; 0 below -88.7. */
@inline
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

/** Cephes' tanhf: an odd polynomial for |x| < 0.625, else 1 - 2 / (e^(2|x|) + 1). Relative error below 3e-7. */
@inline
export function tanh(x: v128): v128 {
  const a = f32x4.abs(x);
  const one = f32x4.splat(1);
  const large = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(exp(f32x4.add(a, a)), one)));
  const z = f32x4.mul(x, x);
  let p = fma(f32x4.splat(-5.70498872745e-3), z, 2.06390887954e-2);
  p = fma(p, z, -5.37397155531e-2);
  p = fma(p, z, 1.33314422036e-1);
  p = fma(p, z, -3.33332819422e-1);
  const small = f32x4.add(f32x4.mul(f32x4.mul(p, z), x), x);
  const signed = v128.or(large, v128.and(x, f32x4.splat(-0.0)));
  return v128.bitselect(signed, small, f32x4.ge(a, f32x4.splat(0.625)));
}

/**
 * erfc(a) for a >= 0, where `e` is e^(-a²): e t h(t) with t = 1 / (1 + 0.39 a), the form of Abramowitz and Stegun 7.1.26 with
 * h of degree 5 fitted for this file (minimax by Lawson's iteration). Absolute error below 5e-7, below 1.2e-7 for a >= 1.
 */
@inline
export function complement(a: v128, e: v128): v128 {
  const t = f32x4.div(f32x4.splat(1), fma(a, f32x4.splat(0.39), 1));
  let h = fma(f32x4.splat(-0.22753693163394928), t, 0.886663556098938);
  h = fma(h, t, -0.6353989839553833);
  h = fma(h, t, 0.6495583653450012);
  h = fma(h, t, 0.09138883650302887);
  h = fma(h, t, 0.2353251576423645);
  return f32x4.mul(f32x4.mul(h, t), e);
}

/** An odd polynomial (fitted for this file) for |x| < 1, else ±(1 - erfc |x|). Absolute and relative error below 2e-7. */
export function erf(x: v128): v128 {
  const z = f32x4.mul(x, x);
  const a = f32x4.abs(x);
  const large = f32x4.sub(f32x4.splat(1), complement(a, exp(f32x4.neg(z))));
  let p = fma(f32x4.splat(-0.0005631413077935576), z, 0.004917548969388008);
  p = fma(p, z, -0.02671130932867527);
  p = fma(p, z, 0.11280179768800735);
  p = fma(p, z, -0.37612324953079224);
  p = fma(p, z, 1.1283791065216064);
  const signed = v128.or(large, v128.and(x, f32x4.splat(-0.0)));
  return v128.bitselect(f32x4.mul(p, x), signed, f32x4.lt(a, f32x4.splat(1)));
}
