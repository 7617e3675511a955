import { div, maximum, mul } from '../ops/arithmetic.ts';
import { mse } from '../ops/losses.ts';
import { reshape, sum } from '../ops/reduce.ts';
import { sqrt } from '../ops/unary.ts';
import { tensor } from '../tensor/create.ts';
import { tidyInside } from '../tensor/scope.ts';
import { formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Vectors shorter than this are divided by it, so that there is no division by 0. */
const SHORTEST = 1e-12;

/** Rows divided by their lengths [n, width]; the square is bounded, not its root, whose derivative at 0 is infinite. */
export function unitRows(x: Tensor): Tensor {
  const squares = sum(mul(x, x), { axis: 1, keepDims: true });
  return div(x, sqrt(maximum(squares, SHORTEST ** 2)));
}

/**
 * The cosine of the angle between row i of one matrix and row i of another.
 *
 * @param a [n, width]
 * @param b [n, width]
 * @returns [n]
 * @throws RangeError for matrices that do not fit each other
 */
export function cosineSimilarities(a: Tensor, b: Tensor): Tensor {
  if (a.rank !== 2 || formatShape(a.shape) !== formatShape(b.shape)) {
    throw new RangeError(
      `cosine similarity: both must be [n, width], not ${formatShape(a.shape)} and ${formatShape(b.shape)}.`,
    );
  }
  return tidyInside(() => reshape(sum(mul(unitRows(a), unitRows(b)), { axis: 1 }), [-1]));
}

/**
 * `CosineSimilarityLoss` of Sentence Transformers: the mean squared difference between the cosine of each pair and its score.
 *
 * @param a [n, width], one vector per text
 * @param b [n, width], the i-th one is compared with the i-th of `a`
 * @param scores one per pair
 * @returns a scalar
 * @throws RangeError for vectors that do not fit each other, and another number of scores
 */
export function cosineSimilarityLoss(a: Tensor, b: Tensor, scores: readonly number[]): Tensor {
  if (a.shape[0] !== scores.length)
    throw new RangeError(`cosine similarity: there are ${scores.length} scores for ${a.shape[0]} pairs.`);
  return tidyInside(() => mse(cosineSimilarities(a, b), tensor(scores)));
}
