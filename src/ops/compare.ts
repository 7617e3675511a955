import { define } from '../tensor/define.ts';
import { isRecording } from '../tensor/graph.ts';
import { broadcastShapes } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { unbroadcast } from './broadcast.ts';
import { commonBackend, operation } from './operation.ts';
import { scalarLike, zerosLike } from './scalar.ts';

/** A 0/1 tensor: constant but for jumps, so no gradient flows. */
function compare(op: 'equal' | 'less', a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShapes(a.shape, b.shape);
  const backend = commonBackend([a, b]);
  return Tensor.fromBuffer(backend, backend.binary(op, a.operand, b.operand, shape), shape);
}

/** 1 where a = b, else 0; with broadcasting. */
export const equal = define('equal', (a: Tensor, b: Tensor): Tensor => compare('equal', a, b));
/** 1 where a < b, else 0; with broadcasting. */
export const less = define('less', (a: Tensor, b: Tensor): Tensor => compare('less', a, b));

/** a where `condition` is not 0, else b; with broadcasting. The gradient goes to the one that was taken. */
export const where = define('where', (condition: Tensor, a: Tensor, b: Tensor): Tensor => {
  const shape = broadcastShapes(condition.shape, a.shape, b.shape);
  const zero = () => scalarLike(a, 0);
  // An input that gets no gradient: the derivative reads it, so it must live as long.
  const chosen = condition.requiresGrad && isRecording() ? condition.detach() : condition;
  return operation(
    [chosen, a, b],
    shape,
    (backend) => backend.select(chosen.operand, a.operand, b.operand, shape),
    () => [
      () => zerosLike(chosen),
      (dy) => unbroadcast(where(chosen, dy, zero()), a.shape),
      (dy) => unbroadcast(where(chosen, zero(), dy), b.shape),
    ],
    [[], [0], [0]],
  );
});

/** x with the elements where `mask` is not 0 replaced by `value`; `mask` broadcasts to x. */
export const maskedFill = define('maskedFill', (x: Tensor, mask: Tensor, value: number): Tensor => {
  return where(mask, scalarLike(x, value), x);
});
