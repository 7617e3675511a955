import fc from 'fast-check';
import {
  abs,
  add,
  div,
  equal,
  erf,
  exp,
  gelu,
  geluTanh,
  heaviside,
  less,
  log,
  maskedFill,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  relu,
  rsqrt,
  type Shape,
  sigmoid,
  sign,
  silu,
  sqrt,
  sub,
  type Tensor,
  tanh,
  where,
} from '../../../src/index.ts';
import { sizeOf } from '../../../src/tensor/shape.ts';
import { arrays, broadcastingShapes, type Domain, shapes } from '../strategies.ts';
import { at, build, commonShape, range, toTensor, total, type Values } from '../values.ts';
import type { Cases, OperationSpec, Operations } from './case.ts';

function unary(apply: (x: Tensor) => Tensor, f: (x: number) => number, domain: Domain = 'any'): OperationSpec {
  const expected = ({ shape, values }: Values) => ({ shape, values: Array.from(values, f) });
  return {
    cases: (size) =>
      shapes(size)
        .chain((shape) => arrays([shape], domain))
        .map((inputs) => ({ inputs, apply, expected })),
  };
}

function binary(
  apply: (a: Tensor, b: Tensor) => Tensor,
  f: (a: number, b: number) => number,
  domains: Domain | readonly [Domain, Domain] = 'any',
): OperationSpec {
  const expected = (a: Values, b: Values) => build(commonShape(a, b), (i) => f(at(a, i), at(b, i)));
  return {
    cases: (size) =>
      broadcastingShapes(size, 2)
        .chain((both) =>
          typeof domains === 'string'
            ? arrays(both, domains)
            : fc.tuple(...both.map((shape, i) => arrays([shape], domains[i]).map(([x]) => x))),
        )
        .map((inputs) => ({ inputs, apply, expected })),
  };
}

/** 0 and not 0, of which only the difference counts. */
function conditions(shape: Shape): fc.Arbitrary<Values> {
  const size = sizeOf(shape);
  return fc
    .array(fc.constantFrom(0, 1, -0.5), { minLength: size, maxLength: size })
    .map((values) => ({ shape, values }));
}

const whereCases: Cases = (size) =>
  broadcastingShapes(size, 3)
    .chain(([first, ...both]) => fc.tuple(conditions(first), arrays(both)))
    .map(([condition, inputs]) => ({
      inputs,
      apply: (a, b) => where(toTensor(a.backend, condition), a, b),
      expected: (a, b) => build(commonShape(condition, a, b), (i) => (at(condition, i) !== 0 ? at(a, i) : at(b, i))),
    }));

const maskedFillCases: Cases = (size) =>
  broadcastingShapes(size, 2)
    .chain(([shape, mask]) => fc.tuple(arrays([commonShape({ shape }, { shape: mask })]), conditions(mask)))
    .map(([inputs, mask]) => ({
      inputs,
      apply: (x) => maskedFill(x, toTensor(x.backend, mask), -2.5),
      expected: (x) => build(x.shape, (i) => (at(mask, i) !== 0 ? -2.5 : at(x, i))),
    }));

/** The error function by its Maclaurin series; |x| at most 2 or so. */
function erfBySeries(x: number): number {
  let power = x;
  const terms = range(60).map((n) => {
    if (n > 0) power *= -(x * x) / n;
    return power / (2 * n + 1);
  });
  return (2 / Math.sqrt(Math.PI)) * total(terms);
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

export const elementwise: Operations = {
  neg: unary(neg, (x) => -x),
  exp: unary(exp, Math.exp),
  log: unary(log, Math.log, 'positive'),
  tanh: unary(tanh, Math.tanh),
  sigmoid: unary(sigmoid, logistic),
  relu: unary(relu, (x) => Math.max(x, 0), 'nonzero'),
  sqrt: unary(sqrt, Math.sqrt, 'positive'),
  rsqrt: unary(rsqrt, (x) => 1 / Math.sqrt(x), 'positive'),
  abs: unary(abs, Math.abs, 'nonzero'),
  sign: unary(sign, Math.sign, 'nonzero'),
  heaviside: unary(heaviside, (x) => (x > 0 ? 1 : 0), 'nonzero'),
  erf: unary(erf, erfBySeries),
  gelu: unary(gelu, (x) => (x / 2) * (1 + erfBySeries(x / Math.SQRT2))),
  geluTanh: unary(geluTanh, (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))),
  silu: unary(silu, (x) => x * logistic(x)),

  add: binary(add, (a, b) => a + b),
  sub: binary(sub, (a, b) => a - b),
  mul: binary(mul, (a, b) => a * b),
  div: binary(div, (a, b) => a / b, ['any', 'nonzero']),
  pow: binary(pow, (a, b) => a ** b, ['positive', 'any']),
  maximum: binary(maximum, Math.max, 'distinct'),
  minimum: binary(minimum, Math.min, 'distinct'),
  equal: { ...binary(equal, (a, b) => (a === b ? 1 : 0)), constant: true },
  less: { ...binary(less, (a, b) => (a < b ? 1 : 0)), constant: true },
  where: { cases: whereCases },
  maskedFill: { cases: maskedFillCases },
};
