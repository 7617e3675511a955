import type { BinaryOp, UnaryOp } from '../../src/backends/backend.ts';
import type { Thread } from './thread.ts';

/**
 * The scalar functions; the kernels below call one of them as `apply`. Written so that the shading language computes them as
 * JavaScript does where its own functions may differ: NaN, infinities, negative bases.
 */
export const unaryFunctions: { readonly [Op in UnaryOp]: (x: number) => number } = {
  neg(x) {
    return -x;
  },
  exp(x) {
    return Math.exp(x);
  },
  log(x) {
    return Math.log(x);
  },
  /** e^(2x) overflows for large x, where tanh is 1. */
  tanh(x) {
    const e = Math.exp(-2 * Math.min(Math.abs(x), 15));
    const t = (1 - e) / (1 + e);
    return x < 0 ? -t : t;
  },
  sigmoid(x) {
    return 1 / (1 + Math.exp(-x));
  },
  relu(x) {
    return x < 0 ? 0 : x;
  },
  sqrt(x) {
    return Math.sqrt(x);
  },
  rsqrt(x) {
    return 1 / Math.sqrt(x);
  },
  abs(x) {
    return Math.abs(x);
  },
  sign(x) {
    return x > 0 ? 1 : x < 0 ? -1 : x;
  },
  /** The polynomials of kernels/wasm/assembly/math.ts. */
  erf(x) {
    const a = Math.abs(x);
    const z = x * x;
    if (a < 1) {
      const high = (-0.0005631413077935576 * z + 0.004917548969388008) * z - 0.02671130932867527;
      return x * (((high * z + 0.11280179768800735) * z - 0.37612324953079224) * z + 1.1283791065216064);
    }
    const t = 1 / (0.39 * a + 1);
    const high = (-0.22753693163394928 * t + 0.886663556098938) * t - 0.6353989839553833;
    const h = ((high * t + 0.6495583653450012) * t + 0.09138883650302887) * t + 0.2353251576423645;
    const y = 1 - h * t * Math.exp(-z);
    return x < 0 ? -y : y;
  },
  step(x) {
    return x > 0 ? 1 : 0;
  },
};

export const binaryFunctions: { readonly [Op in BinaryOp]: (a: number, b: number) => number } = {
  add(a, b) {
    return a + b;
  },
  sub(a, b) {
    return a - b;
  },
  mul(a, b) {
    return a * b;
  },
  div(a, b) {
    return a / b;
  },
  /** The shading language knows positive bases only; of others, integer powers are numbers. */
  pow(a, b) {
    if (b === 0) return 1;
    if (b === 1) return a;
    if (b === 2) return a * a;
    if (a > 0) return a ** b;
    if (a === 0) return b > 0 ? 0 : 1 / (a * a);
    if (b !== Math.floor(b)) return Math.sqrt(-1 - b * b);
    const size = (-a) ** b;
    return b * 0.5 === Math.floor(b * 0.5) ? size : -size;
  },
  /** Neither order holds if one is NaN, which the sum is then. */
  maximum(a, b) {
    if (a > b) return a;
    if (a <= b) return b;
    return a + b;
  },
  minimum(a, b) {
    if (a < b) return a;
    if (a >= b) return b;
    return a + b;
  },
  equal(a, b) {
    return a === b ? 1 : 0;
  },
  less(a, b) {
    return a < b ? 1 : 0;
  },
};

declare function apply(a: number, b?: number): number;

export function unary(this: Thread, x: number[]): number {
  return apply(x[this.thread.x]);
}

/** Operands of one shape. */
export function binary(this: Thread, a: number[], b: number[]): number {
  return apply(a[this.thread.x], b[this.thread.x]);
}

/** With broadcasting: s and t are the strides of a and b. */
export function binaryWalk(
  this: Thread,
  a: number[],
  b: number[],
  n1: number,
  n2: number,
  n3: number,
  n4: number,
  n5: number,
  s0: number,
  s1: number,
  s2: number,
  s3: number,
  s4: number,
  s5: number,
  t0: number,
  t1: number,
  t2: number,
  t3: number,
  t4: number,
  t5: number,
): number {
  const x = a[place(this.thread.x, n1, n2, n3, n4, n5, s0, s1, s2, s3, s4, s5)];
  const y = b[place(this.thread.x, n1, n2, n3, n4, n5, t0, t1, t2, t3, t4, t5)];
  return apply(x, y);
}

export function select(
  this: Thread,
  condition: number[],
  a: number[],
  b: number[],
  n1: number,
  n2: number,
  n3: number,
  n4: number,
  n5: number,
  r0: number,
  r1: number,
  r2: number,
  r3: number,
  r4: number,
  r5: number,
  s0: number,
  s1: number,
  s2: number,
  s3: number,
  s4: number,
  s5: number,
  t0: number,
  t1: number,
  t2: number,
  t3: number,
  t4: number,
  t5: number,
): number {
  const chosen = condition[place(this.thread.x, n1, n2, n3, n4, n5, r0, r1, r2, r3, r4, r5)];
  const x = a[place(this.thread.x, n1, n2, n3, n4, n5, s0, s1, s2, s3, s4, s5)];
  const y = b[place(this.thread.x, n1, n2, n3, n4, n5, t0, t1, t2, t3, t4, t5)];
  return chosen !== 0 ? x : y;
}

/** x · keep where the random number is at least p, else 0. */
export function dropout(this: Thread, x: number[], random: number[], p: number, keep: number): number {
  return random[this.thread.x] < p ? 0 : x[this.thread.x] * keep;
}
