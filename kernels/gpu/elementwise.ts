import type { BinaryOp, UnaryOp } from '../../src/backends/backend.ts';
import type { Thread } from './thread.ts';

/** Functions that others call. */
export const helpers = {
  /**
   * e^x = 2^n e^r with |r| <= ln(2) / 2, where Taylor's polynomial is right to the last digit. Drivers have an e^x of their own,
   * in which only 5 or 6 digits need be right.
   */
  exponential(x: number): number {
    if (x < -104) return 0;
    if (x > 89) return x * 1e38;
    const n = Math.floor(x * Math.LOG2E + 0.5);
    const half = Math.floor(n * 0.5);
    const r = x - n * 0.693359375 + n * 2.1219444e-4;
    const high = ((r / 5040 + 1 / 720) * r + 1 / 120) * r + 1 / 24;
    const p = (((high * r + 1 / 6) * r + 0.5) * r + 1) * r + 1;
    return p * 2 ** half * 2 ** (n - half);
  },
  /** e^(2x) would overflow for large x, e^(-2|x|) does not. */
  boundedTanh(x: number): number {
    const e = exponential(-2 * Math.abs(x));
    const t = (1 - e) / (1 + e);
    return x < 0 ? -t : t;
  },
  /** The polynomials of kernels/wasm/assembly/math.ts. */
  errorFunction(x: number): number {
    const a = Math.abs(x);
    const z = x * x;
    if (a < 1) {
      const high = (-0.0005631413077935576 * z + 0.004917548969388008) * z - 0.02671130932867527;
      return x * (((high * z + 0.11280179768800735) * z - 0.37612324953079224) * z + 1.1283791065216064);
    }
    const t = 1 / (0.39 * a + 1);
    const high = (-0.22753693163394928 * t + 0.886663556098938) * t - 0.6353989839553833;
    const h = ((high * t + 0.6495583653450012) * t + 0.09138883650302887) * t + 0.2353251576423645;
    const y = 1 - h * t * exponential(-z);
    return x < 0 ? -y : y;
  },
};

declare global {
  /** In kernels only, as the following. */
  function exponential(x: number): number;
  function boundedTanh(x: number): number;
  function errorFunction(x: number): number;
}

/**
 * The scalar functions; the kernels below call one of them as `apply`. Written so that the shading language computes them as
 * JavaScript does where its own functions may differ: NaN, infinities, negative bases.
 */
export const unaryFunctions: { readonly [Op in UnaryOp]: (x: number) => number } = {
  neg(x) {
    return -x;
  },
  exp(x) {
    return exponential(x);
  },
  log(x) {
    return Math.log(x);
  },
  tanh(x) {
    return boundedTanh(x);
  },
  sigmoid(x) {
    return 1 / (1 + exponential(-x));
  },
  /** Drivers make the larger of x and 0 of less, and then NaN is 0. */
  relu(x) {
    if (x > 0) return x;
    if (x <= 0) return 0;
    return x + x;
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
  erf(x) {
    return errorFunction(x);
  },
  heaviside(x) {
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

/** The smooth activations, and their derivatives times dy. */
export const activations = {
  gelu(x: number): number {
    return 0.5 * x * (1 + errorFunction(x * Math.SQRT1_2));
  },
  geluTanh(x: number): number {
    return 0.5 * x * (1 + boundedTanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
  },
  silu(x: number): number {
    return x / (1 + exponential(-x));
  },
};
export const activationGradients = {
  /** Φ(x) + x φ(x) */
  gelu(x: number, dy: number): number {
    const density = 0.3989422804014327 * exponential(-0.5 * x * x);
    return dy * (0.5 * (1 + errorFunction(x * Math.SQRT1_2)) + x * density);
  },
  geluTanh(x: number, dy: number): number {
    const t = boundedTanh(0.7978845608028654 * (x + 0.044715 * x * x * x));
    const slope = 0.7978845608028654 * (1 + 3 * 0.044715 * x * x);
    return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope);
  },
  silu(x: number, dy: number): number {
    const s = 1 / (1 + exponential(-x));
    return dy * s * (1 + x * (1 - s));
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
