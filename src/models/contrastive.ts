import { add, div, maximum, mul } from '../ops/arithmetic.ts';
import { concat, slice, transpose } from '../ops/layout.ts';
import { crossEntropy } from '../ops/losses.ts';
import { matmul } from '../ops/matmul.ts';
import { sum } from '../ops/reduce.ts';
import { sqrt } from '../ops/unary.ts';
import { tidyInside } from '../tensor/scope.ts';
import { formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface ContrastiveOptions {
  /** Vectors of texts that are no answer, [any number, width]: more candidates for every anchor. */
  readonly negatives?: Tensor;
  /** The factor of the similarities. Default 20. */
  readonly scale?: number;
  /** Default `cosine`. */
  readonly similarity?: 'cosine' | 'dot';
  /** The mean of the loss and that of finding the anchor of each positive. Default false. */
  readonly symmetric?: boolean;
}

/** Vectors shorter than this are divided by it, so that there is no division by 0. */
const SHORTEST = 1e-12;

/**
 * The similarities scale · sim(anchor, candidate) that {@link multipleNegativesRankingLoss} compares, with candidates the positives, then the negatives.
 *
 * @param anchors [n, width]
 * @param positives [n, width]
 * @returns [n, candidates]
 * @throws RangeError for vectors that do not fit each other, and a scale that is not above 0
 */
export function contrastiveScores(
  anchors: Tensor,
  positives: Tensor,
  { negatives, scale = 20, similarity = 'cosine' }: ContrastiveOptions = {},
): Tensor {
  assertVectors(anchors, positives, negatives);
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new RangeError(`contrastive loss: scale must be above 0, not ${String(scale)}.`);
  return tidyInside(() => {
    const candidates = negatives ? concat([positives, negatives]) : positives;
    const [a, b] = similarity === 'cosine' ? [normalized(anchors), normalized(candidates)] : [anchors, candidates];
    return mul(matmul(a, b, { transposeB: true }), scale);
  });
}

/**
 * `MultipleNegativesRankingLoss` of Sentence Transformers (Henderson et al. 2017): the mean cross-entropy of finding the positive i of anchor i among
 * the positives of the whole batch and the negatives, by their {@link contrastiveScores}. It is made of operations, and so can be differentiated as often as they.
 *
 * @param anchors [n, width], one vector per text
 * @param positives [n, width], the i-th one belongs to the i-th anchor
 * @returns a scalar
 * @throws RangeError for vectors that do not fit each other, and a scale that is not above 0
 */
export function multipleNegativesRankingLoss(
  anchors: Tensor,
  positives: Tensor,
  options: ContrastiveOptions = {},
): Tensor {
  return tidyInside(() => {
    const scores = contrastiveScores(anchors, positives, options);
    const n = anchors.shape[0];
    const own = Array.from({ length: n }, (_, i) => i);
    const forward = crossEntropy(scores, own);
    if (!options.symmetric) return forward;
    const backward = crossEntropy(transpose(slice(scores, [0, 0], [n, n])), own);
    return mul(add(forward, backward), 0.5);
  });
}

/** Rows divided by their lengths; the square is bounded, not its root, whose derivative at 0 is infinite. */
function normalized(x: Tensor): Tensor {
  const squares = sum(mul(x, x), { axis: 1, keepDims: true });
  return div(x, sqrt(maximum(squares, SHORTEST ** 2)));
}

function assertVectors(anchors: Tensor, positives: Tensor, negatives?: Tensor): void {
  const [n, width] = anchors.shape;
  if (anchors.rank !== 2 || n === 0)
    throw new RangeError(`contrastive loss: anchors must be [n, width], not ${formatShape(anchors.shape)}.`);
  if (positives.rank !== 2 || positives.shape[0] !== n || positives.shape[1] !== width) {
    throw new RangeError(
      `contrastive loss: positives must be [${n}, ${width}] as the anchors, not ${formatShape(positives.shape)}.`,
    );
  }
  if (negatives && (negatives.rank !== 2 || negatives.shape[1] !== width)) {
    throw new RangeError(
      `contrastive loss: negatives must be [any number, ${width}], not ${formatShape(negatives.shape)}.`,
    );
  }
}
