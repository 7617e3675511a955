import type { Shape } from '../backends/backend.ts';
import { define } from '../tensor/define.ts';
import { ArgumentError, commonShape, formatShape, sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { operation } from './operation.ts';
import { reshape, sum } from './reduce.ts';

/** `x` repeated to `shape`. Each element is copied many times, so its gradient is the sum over the copies. */
export const broadcastTo = define('broadcastTo', (x: Tensor, shape: Shape): Tensor => {
  if (sameShape(x.shape, shape)) return x;
  const common = commonShape(x.shape, shape);
  if (!common || !sameShape(common, shape)) {
    throw new ArgumentError(`Shape ${formatShape(x.shape)} does not broadcast to ${formatShape(shape)}.`);
  }
  return operation(
    [x],
    [...shape],
    (backend) => backend.broadcast(x.operand, shape),
    () => [(dy) => unbroadcast(dy, x.shape)],
    'nothing',
  );
});

/** The transpose of broadcasting: sums `x` over the axes along which `shape` was repeated. */
export function unbroadcast(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const missing = x.rank - shape.length;
  const axes = x.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < missing || shape[axis - missing] !== x.shape[axis]);
  return reshape(sum(x, { axis: axes }), shape);
}
