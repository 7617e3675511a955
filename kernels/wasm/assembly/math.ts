// Four-lane elementary functions; test/backends/wasm-math.test.ts measures the stated errors against float64.
//
// Coefficients are read from memory: for a constant vector V8 issues several instructions at each use, for a load one.
// Polynomials are summed in Estrin's scheme (two halves at once), which waits less for earlier results than Horner's.

import { multiplyAdd } from './simd';

/** A coefficient in all lanes. */
@inline
function c(table: usize, i: i32): v128 {
  return v128.load32_splat(table + (<usize>i << 2));
}

const COMMON = memory.data<f32>([0.5, 1, 2, -0.0]);
@inline
export function half(): v128 {
  return c(COMMON, 0);
}
@inline
export function one(): v128 {
  return c(COMMON, 1);
}
@inline
export function two(): v128 {
  return c(COMMON, 2);
}
/** The sign bit. */
@inline
export function signBit(): v128 {
  return c(COMMON, 3);
}

const EXP = memory.data<f32>([
  // the arguments beyond which the result is infinite or 0
  89, -86,
  // 1/ln 2; 1.5 * 2^23 - 1, which rounds what is added to it to an integer; ln 2 in two parts, the first with few bits
  1.4426950408889634, 12582911, 0.693359375, -2.1219444e-4,
  // (e^r - 1 - r) / r^2
  0.4999999403953552, 0.1666651964187622, 0.04166839271783829, 0.008368780836462975, 0.0013814467238262296,
]);

/**
 * e^x = 2^n e^r, |r| <= ln(2)/2, reduced as in Cephes (S. Moshier), with a polynomial fitted for this file (minimax by Lawson's
 * iteration). Relative error below 2e-7; 0 below -86, infinite above 88.73.
 */
@inline
export function exp(x: v128): v128 {
  const clamped = f32x4.pmax(f32x4.pmin(x, c(EXP, 0)), c(EXP, 1));
  const shifted = multiplyAdd(clamped, c(EXP, 2), c(EXP, 3));
  const n = f32x4.sub(shifted, c(EXP, 3));
  const r = f32x4.sub(f32x4.sub(clamped, f32x4.mul(n, c(EXP, 4))), f32x4.mul(n, c(EXP, 5)));
  const r2 = f32x4.mul(r, r);
  const low = multiplyAdd(c(EXP, 7), r, c(EXP, 6));
  const high = multiplyAdd(c(EXP, 10), r2, multiplyAdd(c(EXP, 9), r, c(EXP, 8)));
  const p = multiplyAdd(multiplyAdd(high, r2, low), r2, f32x4.add(r, one()));
  // The low bits of `shifted` are n - 1, so its addition to the exponent gives half of the result.
  const y = i32x4.add(p, i32x4.shl(shifted, 23));
  return v128.andnot(f32x4.add(y, y), f32x4.lt(x, c(EXP, 1)));
}

const LOG = memory.data<f32>([
  // the smallest normal number, 2^23, 23, ln 2 in two parts
  1.17549435e-38, 8388608, 23, 0.693359375, -2.1219444e-4,
  // (log(1 + t) - t + t^2 / 2) / t^3
  3.3333331174e-1, -2.4999993993e-1, 2.0000714765e-1, -1.6668057665e-1, 1.4249322787e-1, -1.242014084e-1,
  1.1676998740e-1, -1.1514610310e-1, 7.0376836292e-2,
]);

/** log x = e log 2 + log m, m in [sqrt(1/2), sqrt(2)), with the polynomial of Cephes' logf. Relative error below 3e-7. */
@inline
export function log(x: v128): v128 {
  const subnormal = f32x4.lt(x, c(LOG, 0));
  const scaled = v128.bitselect(f32x4.mul(x, c(LOG, 1)), x, subnormal);
  // Subtracting the bits of sqrt(1/2) makes the exponent field that of m in [sqrt(1/2), sqrt(2)).
  const bits = i32x4.sub(scaled, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.shr_s(bits, 23);
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const e = f32x4.sub(f32x4.convert_i32x4_s(exponent), v128.and(subnormal, c(LOG, 2)));
  const t = f32x4.sub(m, one());
  const t2 = f32x4.mul(t, t);
  let p = c(LOG, 13);
  for (let i = 12; i >= 5; i--) p = multiplyAdd(p, t, c(LOG, i));
  p = multiplyAdd(f32x4.mul(p, t2), t, f32x4.mul(e, c(LOG, 4)));
  p = f32x4.sub(p, f32x4.mul(t2, half()));
  let y = multiplyAdd(e, c(LOG, 3), f32x4.add(t, p));
  y = v128.bitselect(x, y, f32x4.eq(x, f32x4.splat(Infinity)));
  y = v128.bitselect(f32x4.splat(-Infinity), y, f32x4.eq(x, f32x4.splat(0)));
  return v128.bitselect(y, f32x4.splat(NaN), f32x4.ge(x, f32x4.splat(0)));
}

/** 1 / (1 + e^-x). Relative error below 3e-7; 0 below -88.7. */
@inline
export function sigmoid(x: v128): v128 {
  return f32x4.div(one(), f32x4.add(one(), exp(f32x4.neg(x))));
}

const TANH = memory.data<f32>([
  0.625,
  // (tanh(x) - x) / x^3 in powers of x^2
  -3.33332819422e-1, 1.33314422036e-1, -5.37397155531e-2, 2.06390887954e-2, -5.70498872745e-3,
]);

/** Cephes' tanhf: an odd polynomial for |x| < 0.625, else 1 - 2 / (e^(2|x|) + 1). Relative error below 3e-7. */
@inline
export function tanh(x: v128): v128 {
  const a = f32x4.abs(x);
  const large = f32x4.sub(one(), f32x4.div(two(), f32x4.add(exp(f32x4.add(a, a)), one())));
  const z = f32x4.mul(x, x);
  const z2 = f32x4.mul(z, z);
  const high = multiplyAdd(c(TANH, 5), z2, multiplyAdd(c(TANH, 4), z, c(TANH, 3)));
  const p = multiplyAdd(high, z2, multiplyAdd(c(TANH, 2), z, c(TANH, 1)));
  const small = multiplyAdd(f32x4.mul(p, z), x, x);
  return v128.bitselect(small, withSign(large, x), f32x4.lt(a, c(TANH, 0)));
}

/** |a| with the sign of x, for a >= 0. */
@inline
function withSign(a: v128, x: v128): v128 {
  return v128.or(a, v128.and(x, signBit()));
}

const ERFC = memory.data<f32>([
  0.39,
  // h(t)
  0.2353251576423645, 0.09138883650302887, 0.6495583653450012, -0.6353989839553833, 0.886663556098938,
  -0.22753693163394928,
]);

/**
 * erfc(a) for a >= 0, where `e` is e^(-a^2): e t h(t) with t = 1 / (1 + 0.39 a), the form of Abramowitz and Stegun 7.1.26, h
 * fitted for this file. Absolute error below 5e-7, below 1.2e-7 for a >= 1.
 */
@inline
export function complement(a: v128, e: v128): v128 {
  const t = f32x4.div(one(), multiplyAdd(a, c(ERFC, 0), one()));
  const t2 = f32x4.mul(t, t);
  const high = multiplyAdd(multiplyAdd(c(ERFC, 6), t, c(ERFC, 5)), t2, multiplyAdd(c(ERFC, 4), t, c(ERFC, 3)));
  const h = multiplyAdd(high, t2, multiplyAdd(c(ERFC, 2), t, c(ERFC, 1)));
  return f32x4.mul(f32x4.mul(h, t), e);
}

const ERF = memory.data<f32>([
  // erf(x) / x in powers of x^2
  1.1283791065216064, -0.37612324953079224, 0.11280179768800735, -0.02671130932867527, 0.004917548969388008,
  -0.0005631413077935576,
]);

/** An odd polynomial (fitted for this file) for |x| < 1, else ±(1 - erfc |x|). Absolute and relative error below 2e-7. */
@inline
export function erf(x: v128): v128 {
  const z = f32x4.mul(x, x);
  const a = f32x4.abs(x);
  const large = f32x4.sub(one(), complement(a, exp(f32x4.neg(z))));
  const z2 = f32x4.mul(z, z);
  const high = multiplyAdd(multiplyAdd(c(ERF, 5), z, c(ERF, 4)), z2, multiplyAdd(c(ERF, 3), z, c(ERF, 2)));
  const p = multiplyAdd(high, z2, multiplyAdd(c(ERF, 1), z, c(ERF, 0)));
  return v128.bitselect(f32x4.mul(p, x), withSign(large, x), f32x4.lt(a, one()));
}

/** 1 with the sign of x; zeros and NaN stay what they are. */
@inline
export function sign(x: v128): v128 {
  const one = v128.or(v128.and(x, f32x4.splat(-0.0)), f32x4.splat(1));
  return v128.bitselect(one, x, f32x4.gt(f32x4.abs(x), f32x4.splat(0)));
}

/** Lane by lane with the exact scalar function: negative bases and all special cases are right, and it is rarely used. */
@inline
export function pow(a: v128, b: v128): v128 {
  return powLanes(a, b);
}

function powLanes(a: v128, b: v128): v128 {
  let y = f32x4.splat(Mathf.pow(f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0)));
  y = f32x4.replace_lane(y, 1, Mathf.pow(f32x4.extract_lane(a, 1), f32x4.extract_lane(b, 1)));
  y = f32x4.replace_lane(y, 2, Mathf.pow(f32x4.extract_lane(a, 2), f32x4.extract_lane(b, 2)));
  return f32x4.replace_lane(y, 3, Mathf.pow(f32x4.extract_lane(a, 3), f32x4.extract_lane(b, 3)));
}
