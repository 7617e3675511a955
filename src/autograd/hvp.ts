import { add, mul } from '../ops/arithmetic.ts';
import { sum } from '../ops/reduce.ts';
import { define } from '../tensor/define.ts';
import { tidyGraph } from '../tensor/scope.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { grad, gradOfOwnGraph } from './grad.ts';

/**
 * Hessian-vector product: H v for the scalar L = f(), H the full Hessian over all `inputs` jointly.
 *
 * With g = dL/dx, (H v)_i = d(g · v)/dx_i, so it takes one differentiable backward pass and one more through it, and never
 * forms H (Pearlmutter, 1994).
 *
 * @param f computes a tensor with one element from `inputs`
 * @param inputs leaves with `requiresGrad`
 * @param vectors one for each input, of its shape; constants
 * @returns one tensor for each input, of its shape
 * @throws Error if a vector does not have the shape of its input
 */
export const hvp = define('hvp', (f: () => Tensor, inputs: readonly Tensor[], vectors: readonly Tensor[]): Tensor[] => {
  if (vectors.length !== inputs.length) throw new Error(`hvp: ${vectors.length} vectors for ${inputs.length} inputs.`);
  inputs.forEach(({ shape }, i) => {
    if (!sameShape(shape, vectors[i].shape)) {
      throw new Error(`hvp: vector ${i} has shape ${formatShape(vectors[i].shape)}, its input ${formatShape(shape)}.`);
    }
  });
  return tidyGraph(() => {
    const gradients = grad(f(), inputs, { createGraph: true });
    const product = gradients.map((g, i) => sum(mul(g, vectors[i].detach()))).reduce((a, b) => add(a, b));
    // A linear function has constant gradients: nothing to differentiate, H = 0.
    return gradOfOwnGraph(product, inputs);
  });
});
