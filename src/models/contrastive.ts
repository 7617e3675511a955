import { add, mul } from '../ops/arithmetic.ts';
import { concat, slice, transpose } from '../ops/layout.ts';
import { crossEntropy } from '../ops/losses.ts';
import { matmul } from '../ops/matmul.ts';
import { tensor } from '../tensor/create.ts';
import { tidyInside } from '../tensor/scope.ts';
import { formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unitRows } from './cosine-similarity.ts';

export interface ContrastiveOptions {
  /** Vectors of texts that are no answer, [any number, width]: more candidates for every anchor. */
  readonly negatives?: Tensor;
  /** The factor of the similarities. Default 20. */
  readonly scale?: number;
  /** Default `cosine`. */
  readonly similarity?: 'cosine' | 'dot';
  /** The mean of the loss and that of finding the anchor of each positive. Default false. */
  readonly symmetric?: boolean;
  /** Pairs of an anchor and a candidate, by their numbers, that are not compared: the candidate is another right answer. */
  readonly excluded?: readonly (readonly [anchor: number, candidate: number])[];
}

/** Stands in the place of an excluded score: its exponential is 0, and unlike infinity it has derivatives. */
const NEVER = -1e30;

/**
 * The similarities scale · sim(anchor, candidate) that {@link multipleNegativesRankingLoss} compares, with candidates the positives, then the negatives.
 *
 * @param anchors [n, width]
 * @param positives [n, width]
 * @returns [n, candidates]
 * @throws RangeError for vectors that do not fit each other, a scale that is not above 0, and an excluded pair that there is not
 */
export function contrastiveScores(
  anchors: Tensor,
  positives: Tensor,
  { negatives, scale = 20, similarity = 'cosine', excluded = [] }: ContrastiveOptions = {},
): Tensor {
  assertVectors(anchors, positives, negatives);
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new RangeError(`contrastive loss: scale must be above 0, not ${String(scale)}.`);
  return tidyInside(() => {
    const candidates = negatives ? concat([positives, negatives]) : positives;
    const [a, b] = similarity === 'cosine' ? [unitRows(anchors), unitRows(candidates)] : [anchors, candidates];
    const scores = mul(matmul(a, b, { transposeB: true }), scale);
    return excluded.length === 0 ? scores : add(scores, exclusions(scores.shape, excluded));
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

/** 0 for the scores that count. */
function exclusions([n, candidates]: readonly number[], excluded: NonNullable<ContrastiveOptions['excluded']>): Tensor {
  const values = new Float32Array(n * candidates);
  for (const [anchor, candidate] of excluded) {
    if (!(anchor >= 0 && anchor < n && candidate >= 0 && candidate < candidates))
      throw new RangeError(
        `contrastive loss: there is no anchor ${anchor} with a candidate ${candidate} among ${n} with ${candidates}.`,
      );
    values[anchor * candidates + candidate] = NEVER;
  }
  return tensor(values, [n, candidates]);
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
