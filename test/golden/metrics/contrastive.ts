import { getBackend, grad, type Tensor, tensor, tidy } from '../../../src/index.ts';
import { contrastiveScores, multipleNegativesRankingLoss } from '../../../src/models/contrastive.ts';
import { type Case, type Compare, casesOfRows } from '../framework.ts';
import { refuseOthers } from './tables.ts';

type Matrix = number[][];
interface ContrastiveCase {
  readonly id: string;
  readonly anchors: Matrix;
  readonly positives: Matrix;
  readonly negatives?: Matrix;
  readonly scale: number;
  readonly similarity: 'cosine' | 'dot';
  readonly symmetric: boolean;
  readonly scores: Matrix;
  readonly loss: number;
  readonly grad_anchors: Matrix;
  readonly grad_positives: Matrix;
  readonly grad_negatives?: Matrix;
}
export interface ContrastiveFile {
  readonly tol: number;
  readonly float32_tol: number;
  readonly cases: readonly ContrastiveCase[];
}

export const contrastiveCases = ({ tol, float32_tol, cases }: ContrastiveFile): Case[] =>
  casesOfRows('contrastive.json', cases, (golden) => ({
    name: `contrastive ${golden.id}`,
    run: (compare) => {
      refuseOthers(golden, [
        ...['id', 'anchors', 'positives', 'negatives', 'scale', 'similarity', 'symmetric', 'scores', 'loss'],
        ...['grad_anchors', 'grad_positives', 'grad_negatives'],
      ]);
      compareLoss(golden, (name, got, expected) => {
        const tolerance = getBackend().dtype === 'float32' ? singleTolerance(golden, name, float32_tol) : tol;
        compare(name, got, expected.flat(), tolerance);
      });
    },
  }));

const largest = (matrix: Matrix = []): number => Math.max(0, ...matrix.flat().map(Math.abs));

/**
 * Of single precision: relative to the largest entry of a tensor, of gradients to that of all of the case, as they may cancel to 0. The loss
 * is a difference of scores, so it cannot be more precise than these are.
 */
function singleTolerance(golden: ContrastiveCase, name: string, relative: number): number {
  if (name === 'scores') return relative * largest(golden.scores);
  if (name === 'loss') return Math.max(relative * golden.loss, 2 ** -23 * largest(golden.scores));
  const { grad_anchors, grad_positives, grad_negatives } = golden;
  return relative * Math.max(...[grad_anchors, grad_positives, grad_negatives].map(largest));
}

function compareLoss(
  golden: ContrastiveCase,
  compare: (name: string, got: Parameters<Compare>[1], expected: readonly (number | number[])[]) => void,
): void {
  const { scale, similarity, symmetric } = golden;
  const names = ['anchors', 'positives', 'negatives'] as const;
  const given = names.flatMap((name) => {
    const values = golden[name];
    return values ? [[name, values] as const] : [];
  });
  tidy(() => {
    const tensors = given.map(([, values]) => tensor(values, undefined, { requiresGrad: true }));
    const [anchors, positives, negatives] = tensors as [Tensor, Tensor, Tensor?];
    const options = { scale, similarity, symmetric, negatives };
    compare('scores', contrastiveScores(anchors, positives, options).dataSync(), golden.scores);
    const loss = multipleNegativesRankingLoss(anchors, positives, options);
    compare('loss', loss.dataSync(), [golden.loss]);
    grad(loss, tensors).forEach((gradient, i) => {
      compare(`grad_${given[i][0]}`, gradient.dataSync(), golden[`grad_${given[i][0]}`] ?? []);
    });
  });
}
