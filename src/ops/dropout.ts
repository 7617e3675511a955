import type { Shape } from '../backends/backend.ts';
import type { Random } from '../random/random.ts';
import { define } from '../tensor/define.ts';
import { ArgumentError, sizeOf } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { mul, sub } from './arithmetic.ts';
import { less } from './compare.ts';
import { operation } from './operation.ts';
import { scalarLike } from './scalar.ts';

/** 1/(1 - p) with probability 1 - p, else 0: number i of the stream `seed` decides about element i. On the backend of `like`. */
export function dropoutMask(like: Tensor, shape: Shape, p: number, seed: number): Tensor {
  const uniform = Tensor.fromBuffer(like.backend, like.backend.uniform(sizeOf(shape), seed), shape);
  return mul(sub(1, less(uniform, scalarLike(like, p))), 1 / (1 - p));
}

/** The probability and the seed of the mask of one call. */
export interface DrawnDropout {
  readonly p: number;
  readonly seed: number;
}

/** Null where nothing is dropped. @throws Error if p is outside [0, 1) */
export function drawDropout(p: number, random: Random): DrawnDropout | null {
  if (!(p >= 0 && p < 1)) throw new ArgumentError(`the probability ${p} is outside [0, 1).`);
  return p === 0 ? null : { p, seed: random.uint32() };
}

/**
 * Sets each element to 0 with probability `p` and scales the others by 1/(1 - p) (Srivastava et al., 2014).
 *
 * @param p in [0, 1); 0 returns x itself
 * @param random gives the seed of this call's mask
 * @throws Error if p is outside [0, 1)
 */
export const dropout = define('dropout', (x: Tensor, p: number, random: Random): Tensor => {
  const drawn = drawDropout(p, random);
  return drawn ? dropoutBySeed(x, drawn) : x;
});

/** x ⊙ mask, whose derivative is dy ⊙ mask. The mask is not stored: it is made again from the seed. */
export function dropoutBySeed(x: Tensor, drawn: DrawnDropout): Tensor {
  return operation(
    [x],
    x.shape,
    (backend) => backend.dropout(x.operand.buffer, drawn.p, drawn.seed),
    () => [(dy) => dropoutBySeed(dy, drawn)],
    'nothing',
  );
}
