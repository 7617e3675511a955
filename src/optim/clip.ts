import { add, mul } from '../ops/arithmetic.ts';
import { commonBackend } from '../ops/operation.ts';
import { sum } from '../ops/reduce.ts';
import { noGrad } from '../tensor/graph.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** The Euclidean norm over all elements of all tensors. */
export function globalNorm(tensors: readonly Tensor[]): number {
  const kernels = commonBackend(tensors).optimizer;
  if (kernels) return Math.sqrt(kernels.sumOfSquares(tensors.map((t) => t.operand.buffer)));
  const squares = () => tensors.map((t) => sum(mul(t, t))).reduce((a, b) => add(a, b));
  return Math.sqrt(tidy(() => noGrad(squares).item()));
}

/** What gradients are multiplied with so that their common norm does not exceed `maxNorm`: min(1, maxNorm / (norm + 1e-6)), as PyTorch. */
export function clipFactor(norm: number, maxNorm: number): number {
  return Math.min(1, maxNorm / (norm + 1e-6));
}

/**
 * Scales gradients by their {@link clipFactor}. A training step rather hands the factor to the optimiser, which saves a pass
 * over all gradients.
 *
 * @returns the gradients and the norm before
 */
export function clipGradients(
  gradients: readonly Tensor[],
  maxNorm: number,
): { gradients: readonly Tensor[]; norm: number } {
  const norm = globalNorm(gradients);
  const factor = clipFactor(norm, maxNorm);
  return { gradients: factor < 1 ? noGrad(() => gradients.map((g) => mul(g, factor))) : gradients, norm };
}
