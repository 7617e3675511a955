import type { BinaryOp } from '../backends/backend.ts';
import { define } from '../tensor/define.ts';
import { ArgumentError, broadcastShapes } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { unbroadcast } from './broadcast.ts';
import { equal, less, where } from './compare.ts';
import { operation, type Reads } from './operation.ts';
import { scalarLike } from './scalar.ts';
import { log, neg } from './unary.ts';

/** A tensor, or a number that stands for a constant of any shape. */
export type Operand = Tensor | number;

function toTensor(value: Operand, like: Operand): Tensor {
  if (value instanceof Tensor) return value;
  if (!(like instanceof Tensor)) throw new ArgumentError('One operand must be a tensor, a or b.');
  return scalarLike(like, value);
}

type Rule = (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor;
type Smooth = Exclude<BinaryOp, 'equal' | 'less'>;

/** For y = f(a, b): the gradients with respect to a and to b, before the sums over broadcast axes, and what they read. */
const derivatives: { [Op in Smooth]: [Rule, Rule, Reads] } = {
  // d(a + b) = da + db
  add: [(dy) => dy, (dy) => dy, 'nothing'],
  // d(a - b) = da - db
  sub: [(dy) => dy, (dy) => neg(dy), 'nothing'],
  // d(ab) = b da + a db
  mul: [(dy, _a, b) => mul(dy, b), (dy, a) => mul(dy, a), [[1], [0]]],
  // d(a/b) = da/b - (a/b) db/b
  div: [(dy, _a, b) => div(dy, b), (dy, _a, b, y) => neg(mul(dy, div(y, b))), [[1], [1, 'output']]],
  // d(a^b) = b a^(b-1) da + a^b log(a) db
  pow: [powByBase, powByExponent, 'all'],
  // the larger one gets the gradient, equal ones half each
  maximum: [(dy, a, b) => toLarger(dy, b, a), (dy, a, b) => toLarger(dy, a, b), 'all'],
  minimum: [(dy, a, b) => toLarger(dy, a, b), (dy, a, b) => toLarger(dy, b, a), 'all'],
};

/** b a^(b-1) dy; 0 at b = 0, where y = 1 whatever a is. A variable b has a slope there but at a = 0. */
function powByBase(dy: Tensor, a: Tensor, b: Tensor): Tensor {
  const zero = scalarLike(b, 0);
  const noPower = equal(b, zero);
  const flat = b.requiresGrad ? mul(noPower, equal(a, zero)) : noPower;
  return where(flat, zero, mul(dy, mul(b, pow(a, where(flat, zero, sub(b, 1))))));
}

/** y log(a) dy; 0 at a = 0 for b >= 0, where y stays what it is. */
function powByExponent(dy: Tensor, a: Tensor, b: Tensor, y: Tensor): Tensor {
  const zero = scalarLike(a, 0);
  const flat = mul(equal(a, zero), add(less(zero, b), equal(b, zero)));
  return where(flat, zero, mul(dy, mul(y, log(where(flat, scalarLike(a, 1), a)))));
}

/** dy where a < b, half of it where they are equal, else 0. With NaN there is no order: all of it. */
function toLarger(dy: Tensor, a: Tensor, b: Tensor): Tensor {
  return where(less(b, a), scalarLike(a, 0), where(equal(a, b), mul(dy, 0.5), dy));
}

const binary = (op: Smooth) =>
  define(op, (first: Operand, second: Operand): Tensor => {
    const a = toTensor(first, second);
    const b = toTensor(second, first);
    const shape = broadcastShapes(a.shape, b.shape);
    const [da, db, reads] = derivatives[op];
    return operation(
      [a, b],
      shape,
      (backend) => backend.binary(op, a.operand, b.operand, shape),
      (y) => [(dy) => unbroadcast(da(dy, a, b, y), a.shape), (dy) => unbroadcast(db(dy, a, b, y), b.shape)],
      reads,
    );
  });

/** a + b, with broadcasting. */
export const add = binary('add');
/** a - b, with broadcasting. */
export const sub = binary('sub');
/** a · b elementwise, with broadcasting. */
export const mul = binary('mul');
/** a / b, with broadcasting. */
export const div = binary('div');
/** a^b elementwise, with broadcasting. A derivative by b needs a > 0. */
export const pow = binary('pow');
/** The larger of a and b, with broadcasting. */
export const maximum = binary('maximum');
/** The smaller of a and b, with broadcasting. */
export const minimum = binary('minimum');
