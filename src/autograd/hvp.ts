import { add, mul } from '../ops/arithmetic.ts';
import { sum } from '../ops/reduce.ts';
import { define } from '../tensor/define.ts';
import { tidyGraph } from '../tensor/scope.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { grad, gradOfOwnGraph } from './grad.ts';
import { asGiven, type GradInputs, type Gradients, tensorsOf } from './inputs.ts';

/**
 * Hessian-vector product: H v for the scalar L = f(), H the full Hessian over all `inputs` jointly.
 *
 * With g = dL/dx, (H v)_i = d(g · v)/dx_i, so it takes one differentiable backward pass and one more through it, and never
 * forms H (Pearlmutter, 1994).
 *
 * @param f computes a tensor with one element from `inputs`
 * @param inputs leaves with `requiresGrad`, or parameters; one, or a list
 * @param vectors one for each input, of its shape; constants
 * @returns one tensor for each input, of its shape; for a single input that tensor
 * @throws Error if a vector does not have the shape of its input
 */
export const hvp = define(
  'hvp',
  <const Given extends GradInputs>(
    f: () => Tensor,
    inputs: Given,
    vectors: Tensor | readonly Tensor[],
  ): Gradients<Given> => {
    const [xs, vs] = [tensorsOf('hvp', inputs), [vectors].flat()];
    if (vs.length !== xs.length) throw new Error(`hvp: ${vs.length} vectors for ${xs.length} inputs.`);
    xs.forEach(({ shape }, i) => {
      if (!sameShape(shape, vs[i].shape)) {
        throw new Error(`hvp: vector ${i} has shape ${formatShape(vs[i].shape)}, its input ${formatShape(shape)}.`);
      }
    });
    return tidyGraph(() => {
      const gradients = grad(f(), xs, { createGraph: true });
      const product = gradients.map((g, i) => sum(mul(g, vs[i].detach()))).reduce((a, b) => add(a, b));
      // A linear function has constant gradients: nothing to differentiate, H = 0.
      return asGiven(inputs, gradOfOwnGraph(product, xs));
    });
  },
);
