import { add, mul } from '../ops/arithmetic.ts';
import { sum } from '../ops/reduce.ts';
import { noGrad } from '../tensor/graph.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** The Euclidean norm over all elements of all tensors. */
export function globalNorm(tensors: readonly Tensor[]): number {
  return tidy(() =>
    noGrad(() =>
      Math.sqrt(
        tensors
          .map((t) => sum(mul(t, t)))
          .reduce((a, b) => add(a, b))
          .item(),
      ),
    ),
  );
}

/**
 * Scales gradients so that their common norm does not exceed `maxNorm`: g ← g · min(1, maxNorm / (norm + 1e-6)), as PyTorch.
 *
 * @returns the gradients and the norm before
 */
export function clipGradients(
  gradients: readonly Tensor[],
  maxNorm: number,
): { gradients: readonly Tensor[]; norm: number } {
  const norm = globalNorm(gradients);
  const factor = Math.min(1, maxNorm / (norm + 1e-6));
  return { gradients: factor < 1 ? noGrad(() => gradients.map((g) => mul(g, factor))) : gradients, norm };
}
