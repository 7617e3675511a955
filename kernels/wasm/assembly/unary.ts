// y = f(x) for elements [start, end). `start` is a multiple of 16, and the last step may write into the padding of the buffer.
// Two vectors at a time: their stores side by side let V8 fuse them (see tile.ts).
import * as math from './math';

abstract class Unary {
  abstract apply(x: v128): v128;
}

@inline
function map<F extends Unary>(x: usize, out: usize, start: i32, end: i32): void {
  const f = changetype<F>(0);
  const stop = <usize>end << 2;
  for (let i = <usize>start << 2; i < stop; i += 32) {
    const low = f.apply(v128.load(x + i));
    const high = f.apply(v128.load(x + i, 16));
    v128.store(out + i, low);
    v128.store(out + i, high, 16);
  }
}

@final
class Neg extends Unary {
  @inline
  apply(x: v128): v128 {
    return f32x4.neg(x);
  }
}
@final
class Exp extends Unary {
  @inline
  apply(x: v128): v128 {
    return math.exp(x);
  }
}
@final
class Log extends Unary {
  @inline
  apply(x: v128): v128 {
    return math.log(x);
  }
}
@final
class Tanh extends Unary {
  @inline
  apply(x: v128): v128 {
    return math.tanh(x);
  }
}
@final
class Sigmoid extends Unary {
  @inline
  apply(x: v128): v128 {
    return math.sigmoid(x);
  }
}
@final
class Erf extends Unary {
  @inline
  apply(x: v128): v128 {
    return math.erf(x);
  }
}
@final
class Relu extends Unary {
  @inline
  apply(x: v128): v128 {
    return f32x4.max(x, f32x4.splat(0));
  }
}
@final
class Sqrt extends Unary {
  @inline
  apply(x: v128): v128 {
    return f32x4.sqrt(x);
  }
}
@final
class Rsqrt extends Unary {
  @inline
  apply(x: v128): v128 {
    return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
  }
}
@final
class Abs extends Unary {
  @inline
  apply(x: v128): v128 {
    return f32x4.abs(x);
  }
}
@final
class Sign extends Unary {
  @inline
  apply(x: v128): v128 {
    // The sign bit of x joined to 1; zeros and NaN stay what they are.
    const one = v128.or(v128.and(x, f32x4.splat(-0.0)), f32x4.splat(1));
    return v128.bitselect(one, x, f32x4.gt(f32x4.abs(x), f32x4.splat(0)));
  }
}
@final
class Step extends Unary {
  @inline
  apply(x: v128): v128 {
    return v128.and(f32x4.gt(x, f32x4.splat(0)), f32x4.splat(1));
  }
}

export function neg(x: usize, out: usize, start: i32, end: i32): void {
  map<Neg>(x, out, start, end);
}
export function exp(x: usize, out: usize, start: i32, end: i32): void {
  map<Exp>(x, out, start, end);
}
export function log(x: usize, out: usize, start: i32, end: i32): void {
  map<Log>(x, out, start, end);
}
export function tanh(x: usize, out: usize, start: i32, end: i32): void {
  map<Tanh>(x, out, start, end);
}
export function sigmoid(x: usize, out: usize, start: i32, end: i32): void {
  map<Sigmoid>(x, out, start, end);
}
export function erf(x: usize, out: usize, start: i32, end: i32): void {
  map<Erf>(x, out, start, end);
}
export function relu(x: usize, out: usize, start: i32, end: i32): void {
  map<Relu>(x, out, start, end);
}
export function sqrt(x: usize, out: usize, start: i32, end: i32): void {
  map<Sqrt>(x, out, start, end);
}
export function rsqrt(x: usize, out: usize, start: i32, end: i32): void {
  map<Rsqrt>(x, out, start, end);
}
export function abs(x: usize, out: usize, start: i32, end: i32): void {
  map<Abs>(x, out, start, end);
}
export function sign(x: usize, out: usize, start: i32, end: i32): void {
  map<Sign>(x, out, start, end);
}
export function heaviside(x: usize, out: usize, start: i32, end: i32): void {
  map<Step>(x, out, start, end);
}

export function fill(out: usize, value: f32, start: i32, end: i32): void {
  const stop = <usize>end << 2;
  const v = f32x4.splat(value);
  for (let i = <usize>start << 2; i < stop; i += 16) v128.store(out + i, v);
}
