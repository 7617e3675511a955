import type { UnaryOp } from '../backends/backend.ts';
import { define } from '../tensor/define.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { div, mul, sub } from './arithmetic.ts';
import { less, where } from './compare.ts';
import { operation, type Reads } from './operation.ts';
import { scalarLike, zerosLike } from './scalar.ts';

const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

/**
 * For y = f(x): dL/dx from dL/dy.
 *
 * Where a slope is 0 or 1 the gradient is selected, not multiplied: after a square root or a logarithm dy may be infinite, and
 * 0 · ∞ is not 0.
 */
const derivatives: { [Op in UnaryOp]: (dy: Tensor, x: Tensor, y: Tensor) => Tensor } = {
  // d(-x) = -dx
  neg: (dy) => neg(dy),
  // d e^x = e^x dx
  exp: (dy, _x, y) => mul(dy, y),
  // d log x = dx / x
  log: (dy, x) => div(dy, x),
  // d tanh x = (1 - tanh² x) dx
  tanh: (dy, _x, y) => mul(dy, sub(1, mul(y, y))),
  // d σ(x) = σ(x) (1 - σ(x)) dx
  sigmoid: (dy, _x, y) => mul(dy, mul(y, sub(1, y))),
  // d max(x, 0) = dx where that is not 0
  relu: (dy, _x, y) => where(y, dy, scalarLike(y, 0)),
  // d √x = dx / (2 √x)
  sqrt: (dy, x) => mul(dy, mul(rsqrt(x), 0.5)),
  // d x^(-1/2) = -1/2 x^(-3/2) dx
  rsqrt: (dy, _x, y) => mul(dy, mul(mul(y, mul(y, y)), -0.5)),
  // d |x| = sign(x) dx
  abs: (dy, x) => {
    const zero = scalarLike(x, 0);
    return where(x, where(less(x, zero), neg(dy), dy), zero);
  },
  // d erf x = 2/√π e^(-x²) dx
  erf: (dy, x) => mul(dy, mul(exp(neg(mul(x, x))), TWO_OVER_SQRT_PI)),
  // constant but for a jump
  sign: zerosLike,
  heaviside: zerosLike,
};

const [nothing, input, output]: Reads[] = ['nothing', [[0]], [['output']]];

/** What those read. */
const reads: { [Op in UnaryOp]: Reads } = {
  ...{ neg: nothing, sign: nothing, heaviside: nothing },
  ...{ log: input, sqrt: input, abs: input, erf: input },
  ...{ exp: output, tanh: output, sigmoid: output, relu: output, rsqrt: output },
};

const unary = (op: UnaryOp) =>
  define(
    op,
    (x: Tensor): Tensor =>
      operation(
        [x],
        x.shape,
        (backend) => backend.unary(op, x.operand.buffer),
        (y) => [(dy) => derivatives[op](dy, x, y)],
        reads[op],
      ),
  );

export const neg = unary('neg');
export const exp = unary('exp');
/** Natural logarithm. */
export const log = unary('log');
export const tanh = unary('tanh');
/** σ(x) = 1 / (1 + e^-x). */
export const sigmoid = unary('sigmoid');
/** max(x, 0); the derivative at 0 is 0. */
export const relu = unary('relu');
export const sqrt = unary('sqrt');
/** 1 / √x. */
export const rsqrt = unary('rsqrt');
/** |x|; the derivative at 0 is 0. */
export const abs = unary('abs');
/** -1, 0 or 1. */
export const sign = unary('sign');
/** The error function 2/√π ∫₀ˣ e^(-t²) dt. */
export const erf = unary('erf');
/** 1 where x > 0, else 0. */
export const heaviside = unary('heaviside');
