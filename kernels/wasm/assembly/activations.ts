// Activations f, dx = dy f'(x) and the derivative of that by x, u dy f''(x); elements [start, end), as in unary.ts.
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

abstract class Activation {
  abstract value(x: v128): v128;
  abstract slope(x: v128): v128;
}
/** One with a kernel for the second derivative. */
abstract class TwiceDifferentiable extends Activation {
  abstract curvature(x: v128): v128;
}

@inline
function forward<F extends Activation>(x: usize, out: usize, start: i32, end: i32): void {
  const f = changetype<F>(0);
  const stop = <usize>end << 2;
  for (let i = <usize>start << 2; i < stop; i += 32) {
    const low = f.value(v128.load(x + i));
    const high = f.value(v128.load(x + i, 16));
    v128.store(out + i, low);
    v128.store(out + i, high, 16);
  }
}
@inline
function backward<F extends Activation>(x: usize, dy: usize, dx: usize, start: i32, end: i32): void {
  const f = changetype<F>(0);
  const stop = <usize>end << 2;
  for (let i = <usize>start << 2; i < stop; i += 32) {
    const low = f32x4.mul(v128.load(dy + i), f.slope(v128.load(x + i)));
    const high = f32x4.mul(v128.load(dy + i, 16), f.slope(v128.load(x + i, 16)));
    v128.store(dx + i, low);
    v128.store(dx + i, high, 16);
  }
}

@inline
function doubleBackward<F extends TwiceDifferentiable>(x: usize, dy: usize, u: usize, out: usize, start: i32, end: i32): void {
  const f = changetype<F>(0);
  const stop = <usize>end << 2;
  for (let i = <usize>start << 2; i < stop; i += 16) {
    v128.store(out + i, f32x4.mul(f32x4.mul(v128.load(dy + i), v128.load(u + i)), f.curvature(v128.load(x + i))));
  }
}

/** x Phi(x); slope Phi(x) + x phi(x); curvature phi(x) (2 - x²). */
@final
class Gelu extends TwiceDifferentiable {
  @inline
  value(x: v128): v128 {
    return f32x4.mul(x, normal(x, gauss(x)));
  }
  @inline
  slope(x: v128): v128 {
    const e = gauss(x);
    return f32x4.add(normal(x, e), f32x4.mul(f32x4.mul(x, c(INV_SQRT_2PI)), e));
  }
  @inline
  curvature(x: v128): v128 {
    const x2 = f32x4.mul(x, x);
    const e = math.exp(f32x4.mul(x2, c(MINUS_HALF)));
    // e is 0 where x² is infinite, and 0 times infinity is not 0.
    return f32x4.mul(c(INV_SQRT_2PI), f32x4.sub(f32x4.add(e, e), f32x4.mul(x, f32x4.mul(x, e))));
  }
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
@final
class GeluTanh extends TwiceDifferentiable {
  @inline
  value(x: v128): v128 {
    return f32x4.mul(x, math.sigmoid(inner(x)));
  }
  @inline
  slope(x: v128): v128 {
    const s = math.sigmoid(inner(x));
    const ds = f32x4.mul(s, f32x4.sub(math.one(), s));
    return f32x4.add(s, f32x4.mul(x, f32x4.mul(ds, innerSlope(x))));
  }
  @inline
  curvature(x: v128): v128 {
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
@final
class Silu extends TwiceDifferentiable {
  @inline
  value(x: v128): v128 {
    return f32x4.mul(x, math.sigmoid(x));
  }
  @inline
  slope(x: v128): v128 {
    const one = math.one();
    const s = math.sigmoid(x);
    return f32x4.mul(s, f32x4.add(one, f32x4.mul(x, f32x4.sub(one, s))));
  }
  @inline
  curvature(x: v128): v128 {
    const one = math.one();
    const s = math.sigmoid(x);
    const ds = f32x4.mul(s, f32x4.sub(one, s));
    return f32x4.mul(ds, f32x4.add(math.two(), f32x4.mul(x, f32x4.sub(one, f32x4.add(s, s)))));
  }
}

/** Slope 1 - tanh^2 x. */
@final
class Tanh extends Activation {
  @inline
  value(x: v128): v128 {
    return math.tanh(x);
  }
  @inline
  slope(x: v128): v128 {
    const t = math.tanh(x);
    return f32x4.sub(math.one(), f32x4.mul(t, t));
  }
}

export function gelu(x: usize, out: usize, start: i32, end: i32): void {
  forward<Gelu>(x, out, start, end);
}
export function geluBackward(x: usize, dy: usize, dx: usize, start: i32, end: i32): void {
  backward<Gelu>(x, dy, dx, start, end);
}
export function geluDoubleBackward(x: usize, dy: usize, u: usize, out: usize, start: i32, end: i32): void {
  doubleBackward<Gelu>(x, dy, u, out, start, end);
}
export function geluTanh(x: usize, out: usize, start: i32, end: i32): void {
  forward<GeluTanh>(x, out, start, end);
}
export function geluTanhBackward(x: usize, dy: usize, dx: usize, start: i32, end: i32): void {
  backward<GeluTanh>(x, dy, dx, start, end);
}
export function geluTanhDoubleBackward(x: usize, dy: usize, u: usize, out: usize, start: i32, end: i32): void {
  doubleBackward<GeluTanh>(x, dy, u, out, start, end);
}
export function silu(x: usize, out: usize, start: i32, end: i32): void {
  forward<Silu>(x, out, start, end);
}
export function siluBackward(x: usize, dy: usize, dx: usize, start: i32, end: i32): void {
  backward<Silu>(x, dy, dx, start, end);
}
export function siluDoubleBackward(x: usize, dy: usize, u: usize, out: usize, start: i32, end: i32): void {
  doubleBackward<Silu>(x, dy, u, out, start, end);
}
/** dy where x > 0, else 0; also where x is NaN. Selected, not multiplied: 0 times infinity is not 0. */
export function reluBackward(x: usize, dy: usize, dx: usize, start: i32, end: i32): void {
  const stop = <usize>end << 2;
  const zero = f32x4.splat(0);
  for (let i = <usize>start << 2; i < stop; i += 16) {
    v128.store(dx + i, v128.andnot(v128.load(dy + i), f32x4.le(v128.load(x + i), zero)));
  }
}
export function tanhBackward(x: usize, dy: usize, dx: usize, start: i32, end: i32): void {
  backward<Tanh>(x, dy, dx, start, end);
}
