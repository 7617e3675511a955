// out = f(a, b) with broadcasting, for elements [start, end) of the result. See layout.ts.
import { innerLength, offsetOf, step } from './layout';
import { at, storeTail } from './simd';

abstract class Binary {
  abstract apply(a: v128, b: v128): v128;
}

/** One row of `n` floats; an operand with step 0 is one number. */
@inline
function row<F extends Binary>(a: usize, stepA: i32, b: usize, stepB: i32, out: usize, n: i32): void {
  const f = changetype<F>(0);
  let va = v128.load32_splat(a);
  let vb = v128.load32_splat(b);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    if (stepA) va = v128.load(at(a, i));
    if (stepB) vb = v128.load(at(b, i));
    v128.store(at(out, i), f.apply(va, vb));
  }
  if (i < n) {
    if (stepA) va = v128.load(at(a, i));
    if (stepB) vb = v128.load(at(b, i));
    storeTail(at(out, i), f.apply(va, vb), n - i);
  }
}

@inline
function walk<F extends Binary>(a: usize, b: usize, out: usize, layout: usize, start: i32, end: i32): void {
  const n = innerLength(layout);
  const stepA = step(layout, 0);
  const stepB = step(layout, 1);
  for (let i = start; i < end; ) {
    const outer = i / n;
    const column = i - outer * n;
    const count = min(n - column, end - i);
    const fromA = at(a, offsetOf(layout, 0, outer) + stepA * column);
    const fromB = at(b, offsetOf(layout, 1, outer) + stepB * column);
    row<F>(fromA, stepA, fromB, stepB, at(out, i), count);
    i += count;
  }
}

@final
class Add extends Binary {
  @inline
  apply(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
}
@final
class Sub extends Binary {
  @inline
  apply(a: v128, b: v128): v128 {
    return f32x4.sub(a, b);
  }
}
@final
class Mul extends Binary {
  @inline
  apply(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }
}
@final
class Div extends Binary {
  @inline
  apply(a: v128, b: v128): v128 {
    return f32x4.div(a, b);
  }
}
@final
class Maximum extends Binary {
  @inline
  apply(a: v128, b: v128): v128 {
    return f32x4.max(a, b);
  }
}
@final
class Minimum extends Binary {
  @inline
  apply(a: v128, b: v128): v128 {
    return f32x4.min(a, b);
  }
}
@final
class Equal extends Binary {
  @inline
  apply(a: v128, b: v128): v128 {
    return v128.and(f32x4.eq(a, b), f32x4.splat(1));
  }
}
@final
class Less extends Binary {
  @inline
  apply(a: v128, b: v128): v128 {
    return v128.and(f32x4.lt(a, b), f32x4.splat(1));
  }
}
/** Lane by lane with the exact scalar function: negative bases and all special cases are right, and it is rarely used. */
function powLanes(a: v128, b: v128): v128 {
  let y = f32x4.splat(Mathf.pow(f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0)));
  y = f32x4.replace_lane(y, 1, Mathf.pow(f32x4.extract_lane(a, 1), f32x4.extract_lane(b, 1)));
  y = f32x4.replace_lane(y, 2, Mathf.pow(f32x4.extract_lane(a, 2), f32x4.extract_lane(b, 2)));
  return f32x4.replace_lane(y, 3, Mathf.pow(f32x4.extract_lane(a, 3), f32x4.extract_lane(b, 3)));
}
@final
class Pow extends Binary {
  @inline
  apply(a: v128, b: v128): v128 {
    return powLanes(a, b);
  }
}

export function add(a: usize, b: usize, out: usize, layout: usize, start: i32, end: i32): void {
  walk<Add>(a, b, out, layout, start, end);
}
export function sub(a: usize, b: usize, out: usize, layout: usize, start: i32, end: i32): void {
  walk<Sub>(a, b, out, layout, start, end);
}
export function mul(a: usize, b: usize, out: usize, layout: usize, start: i32, end: i32): void {
  walk<Mul>(a, b, out, layout, start, end);
}
export function div(a: usize, b: usize, out: usize, layout: usize, start: i32, end: i32): void {
  walk<Div>(a, b, out, layout, start, end);
}
export function pow(a: usize, b: usize, out: usize, layout: usize, start: i32, end: i32): void {
  walk<Pow>(a, b, out, layout, start, end);
}
export function maximum(a: usize, b: usize, out: usize, layout: usize, start: i32, end: i32): void {
  walk<Maximum>(a, b, out, layout, start, end);
}
export function minimum(a: usize, b: usize, out: usize, layout: usize, start: i32, end: i32): void {
  walk<Minimum>(a, b, out, layout, start, end);
}
export function equal(a: usize, b: usize, out: usize, layout: usize, start: i32, end: i32): void {
  walk<Equal>(a, b, out, layout, start, end);
}
export function less(a: usize, b: usize, out: usize, layout: usize, start: i32, end: i32): void {
  walk<Less>(a, b, out, layout, start, end);
}
