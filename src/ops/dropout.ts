import type { Random } from '../random/random.ts';
import { Tensor } from '../tensor/tensor.ts';
import { mul, sub } from './arithmetic.ts';
import { less } from './compare.ts';
import { fusedOperation } from './operation.ts';
import { scalarLike } from './scalar.ts';

/**
 * Sets each element to 0 with probability `p` and scales the others by 1/(1 - p) (Srivastava et al., 2014).
 *
 * @param p in [0, 1); 0 returns x itself
 * @param random gives the seed of this call's mask
 * @throws Error if p is outside [0, 1)
 */
export function dropout(x: Tensor, p: number, random: Random): Tensor {
  if (!(p >= 0 && p < 1)) throw new Error(`dropout: the probability ${p} is outside [0, 1).`);
  if (p === 0) return x;
  const seed = random.uint32();
  return fusedOperation('dropout', [x], x.shape, { p, seed }, (t) => {
    const uniform = Tensor.fromBuffer(t.backend, t.backend.uniform(t.size, seed), t.shape);
    const kept = sub(1, less(uniform, scalarLike(t, p)));
    return mul(t, mul(kept, 1 / (1 - p)));
  });
}
