import { add, div, minimum, mul } from '../ops/arithmetic.ts';
import { commonBackend } from '../ops/operation.ts';
import { sum } from '../ops/reduce.ts';
import { sqrt } from '../ops/unary.ts';
import { noGrad } from '../tensor/graph.ts';
import { problemOf, tensors as tensorList } from '../tensor/kinds.ts';
import { tidy } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';

function checkGradients(where: string, gradients: readonly Tensor[]): void {
  if (!tensorList.is(gradients)) throw new TypeError(`${where}: ${problemOf(tensorList, 'gradients', gradients)}.`);
  if (gradients.length === 0) throw new RangeError(`${where}: gradients is empty.`);
}

function checkMaxNorm(where: string, maxNorm: number): void {
  if (!(maxNorm >= 0)) throw new RangeError(`${where}: maxNorm must be a number from 0, not ${maxNorm}.`);
}

/**
 * Returns the Euclidean norm over all elements of all gradients, a tensor with one number. Nothing is read back.
 *
 * @throws TypeError for anything but an array of tensors @throws RangeError for an empty one
 */
export function globalNorm(gradients: readonly Tensor[]): Tensor {
  checkGradients('globalNorm', gradients);
  return normOf(gradients);
}

function normOf(tensors: readonly Tensor[]): Tensor {
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
  checkMaxNorm('clipCoefficient', maxNorm);
  return tidy(() => noGrad(() => minimum(div(maxNorm, add(norm, 1e-6)), 1)));
}

/**
 * Returns the gradients, scaled down together if their common norm exceeds `maxNorm`. Nothing is read back, so a graphics card is not
 * waited for. Where memory counts, give the {@link clipCoefficient} to the optimiser instead, which saves the scaled copy.
 *
 * @throws TypeError for anything but an array of tensors @throws RangeError for an empty one, and a `maxNorm` below 0
 */
export function clipGradNorm(gradients: readonly Tensor[], maxNorm: number): Tensor[] {
  checkGradients('clipGradNorm', gradients);
  checkMaxNorm('clipGradNorm', maxNorm);
  return tidy(() => {
    const coefficient = clipCoefficient(normOf(gradients), maxNorm);
    return noGrad(() => gradients.map((g) => mul(g, coefficient)));
  });
}
