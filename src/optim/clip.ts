import { add, div, minimum, mul } from '../ops/arithmetic.ts';
import { commonBackend } from '../ops/operation.ts';
import { sum } from '../ops/reduce.ts';
import { sqrt } from '../ops/unary.ts';
import { noGrad } from '../tensor/graph.ts';
import { tidy } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';

/** Returns the Euclidean norm over all elements of all tensors, a tensor with one number. Nothing is read back. */
export function globalNorm(tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 0) throw new Error('globalNorm: there are no tensors.');
  const backend = commonBackend(tensors);
  if (backend.optimizer) {
    return Tensor.fromBuffer(backend, backend.optimizer.norm(tensors.map((t) => t.operand.buffer)), []);
  }
  const squares = () => tensors.map((t) => sum(mul(t, t))).reduce((a, b) => add(a, b));
  return tidy(() => noGrad(() => sqrt(squares())));
}

/**
 * Returns what gradients of this norm are multiplied with so that it does not exceed `maxNorm`: min(1, maxNorm / (norm + 1e-6)), as
 * PyTorch.
 *
 * @param norm one number
 */
export function clipCoefficient(norm: Tensor, maxNorm: number): Tensor {
  if (!(maxNorm >= 0)) throw new RangeError(`clipCoefficient: maxNorm must be a number from 0, not ${maxNorm}.`);
  return tidy(() => noGrad(() => minimum(div(maxNorm, add(norm, 1e-6)), 1)));
}

/**
 * Returns the gradients, scaled down together if their common norm exceeds `maxNorm`. Nothing is read back, so a graphics card is not
 * waited for. Where memory counts, give the {@link clipCoefficient} to the optimiser instead, which saves the scaled copy.
 */
export function clipGradNorm(gradients: readonly Tensor[], maxNorm: number): Tensor[] {
  return tidy(() => {
    const coefficient = clipCoefficient(globalNorm(gradients), maxNorm);
    return noGrad(() => gradients.map((g) => mul(g, coefficient)));
  });
}
