// Activations, their slopes f' and their curvatures f'', of four numbers. The build writes the kernels with their loops, for
// f(x), dy f'(x) and u dy f''(x) (kernels/wasm/templates/elementwise.ts).
import * as math from './math';

const CONSTANTS = memory.data<f32>([
  -0.5,
  // sqrt(1/2), 1 / sqrt(2 pi), 2 sqrt(2 / pi)
  0.7071067811865476, 0.3989422804014327, 1.5957691216057308,
  // the cubic term, and three times that
  0.044715, 0.134145,
  // 12 sqrt(2 / pi) times the cubic term
  0.4281288976356015,
]);
const MINUS_HALF = 0;
const SQRT_HALF = 1;
const INV_SQRT_2PI = 2;
const TWICE_SQRT_2_OVER_PI = 3;
const CUBIC = 4;
const CUBIC_SLOPE = 5;
const INNER_CURVATURE = 6;

/** A constant in all lanes; see math.ts. */
@inline
function c(i: i32): v128 {
  return v128.load32_splat(CONSTANTS + (<usize>i << 2));
}

/** x Phi(x); slope Phi(x) + x phi(x); curvature phi(x) (2 - x²). */
@inline
export function gelu(x: v128): v128 {
  return f32x4.mul(x, normal(x, gauss(x)));
}

@inline
export function geluSlope(x: v128): v128 {
  const e = gauss(x);
  return f32x4.add(normal(x, e), f32x4.mul(f32x4.mul(x, c(INV_SQRT_2PI)), e));
}

@inline
export function geluCurvature(x: v128): v128 {
  const x2 = f32x4.mul(x, x);
  const e = math.exp(f32x4.mul(x2, c(MINUS_HALF)));
  // e is 0 where x² is infinite, and 0 times infinity is not 0.
  return f32x4.mul(c(INV_SQRT_2PI), f32x4.sub(f32x4.add(e, e), f32x4.mul(x, f32x4.mul(x, e))));
}

/** e^(-x²/2). */
@inline
function gauss(x: v128): v128 {
  return math.exp(f32x4.mul(f32x4.mul(x, x), c(MINUS_HALF)));
}

/** The normal distribution function: erfc(|x| / sqrt(2)) / 2 below 0, 1 minus that above. `e` is e^(-x²/2). */
@inline
function normal(x: v128, e: v128): v128 {
  const a = f32x4.mul(f32x4.abs(x), c(SQRT_HALF));
  const tail = f32x4.mul(math.half(), math.complement(a, e));
  return v128.bitselect(tail, f32x4.sub(math.one(), tail), f32x4.lt(x, f32x4.splat(0)));
}

/**
 * x s(w) with w = 2 sqrt(2/pi) (x + 0.044715 x^3), since (1 + tanh u)/2 = s(2u), s the logistic function. With s' = s (1 - s) and
 * s'' = s' (1 - 2s) the slope is s + x s' w' and the curvature 2 s' w' + x (s'' w'^2 + s' w'').
 */
@inline
export function geluTanh(x: v128): v128 {
  return f32x4.mul(x, math.sigmoid(inner(x)));
}

@inline
export function geluTanhSlope(x: v128): v128 {
  const s = math.sigmoid(inner(x));
  const ds = f32x4.mul(s, f32x4.sub(math.one(), s));
  return f32x4.add(s, f32x4.mul(x, f32x4.mul(ds, innerSlope(x))));
}

@inline
export function geluTanhCurvature(x: v128): v128 {
  const s = math.sigmoid(inner(x));
  const ds = f32x4.mul(s, f32x4.sub(math.one(), s));
  const dw = innerSlope(x);
  // s''/s' w'^2 + w''
  const bend = f32x4.add(
    f32x4.mul(f32x4.sub(math.one(), f32x4.add(s, s)), f32x4.mul(dw, dw)),
    f32x4.mul(c(INNER_CURVATURE), x),
  );
  return f32x4.mul(ds, f32x4.add(f32x4.add(dw, dw), f32x4.mul(x, bend)));
}

@inline
function inner(x: v128): v128 {
  const cubic = f32x4.add(math.one(), f32x4.mul(f32x4.mul(x, x), c(CUBIC)));
  return f32x4.mul(f32x4.mul(x, c(TWICE_SQRT_2_OVER_PI)), cubic);
}

@inline
function innerSlope(x: v128): v128 {
  const cubic = f32x4.add(math.one(), f32x4.mul(f32x4.mul(x, x), c(CUBIC_SLOPE)));
  return f32x4.mul(c(TWICE_SQRT_2_OVER_PI), cubic);
}

/** x s(x); slope s (1 + x (1 - s)); curvature s (1 - s) (2 + x (1 - 2s)). */
@inline
export function silu(x: v128): v128 {
  return f32x4.mul(x, math.sigmoid(x));
}

@inline
export function siluSlope(x: v128): v128 {
  const one = math.one();
  const s = math.sigmoid(x);
  return f32x4.mul(s, f32x4.add(one, f32x4.mul(x, f32x4.sub(one, s))));
}

@inline
export function siluCurvature(x: v128): v128 {
  const one = math.one();
  const s = math.sigmoid(x);
  const ds = f32x4.mul(s, f32x4.sub(one, s));
  return f32x4.mul(ds, f32x4.add(math.two(), f32x4.mul(x, f32x4.sub(one, f32x4.add(s, s)))));
}

/** Slope 1 - tanh^2 x. */
@inline
export function tanhSlope(x: v128): v128 {
  const t = math.tanh(x);
  return f32x4.sub(math.one(), f32x4.mul(t, t));
}

