import type { FloatArray } from '../backends/backend.ts';
import { define } from '../tensor/define.ts';
import { noGrad } from '../tensor/graph.ts';
import { tidy } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { grad } from './grad.ts';

export interface GradientCheckOptions {
  /** Step of the central difference. Default 1e-5, which suits float64. */
  readonly epsilon?: number;
}

export interface GradientCheck {
  /** max |analytic - numeric| / max(1, |numeric|) over all elements of all inputs; NaN if one of them is. */
  readonly maxError: number;
}

/**
 * Compares `grad` with central differences (f(x + ε) - f(x - ε)) / 2ε, element by element. Meant for small float64 tensors
 * on the reference backend.
 *
 * @param f a function of the inputs with one element
 * @param inputs must live until the result is there
 */
export const checkGradients = define(
  'checkGradients',
  async (
    f: (...inputs: Tensor[]) => Tensor,
    inputs: readonly Tensor[],
    { epsilon = 1e-5 }: GradientCheckOptions = {},
  ): Promise<GradientCheck> => {
    const gradients = tidy(() => {
      const leaves = inputs.map((input) => input.leafView(input.shape, true));
      return grad(f(...leaves), leaves);
    });
    const analytic = await Promise.all(gradients.map(numbersOf));
    let maxError = 0;
    for (const [which, input] of inputs.entries()) {
      const values = await input.data();
      const at = async (i: number, x: number): Promise<number> => {
        const moved = values.slice();
        moved[i] = x;
        const output = tidy(() => {
          const replaced = Tensor.fromBuffer(input.backend, input.backend.upload(moved), input.shape);
          return noGrad(() => f(...inputs.map((other, j) => (j === which ? replaced : other))));
        });
        return (await numbersOf(output))[0];
      };
      for (let i = 0; i < values.length; i++) {
        const numeric = ((await at(i, values[i] + epsilon)) - (await at(i, values[i] - epsilon))) / (2 * epsilon);
        const error = Math.abs(analytic[which][i] - numeric) / Math.max(1, Math.abs(numeric));
        // Math.max keeps a NaN of either side.
        maxError = Math.max(maxError, error);
      }
    }
    return { maxError };
  },
);

/** Reads a tensor and frees it. */
const numbersOf = (x: Tensor): Promise<FloatArray> => x.data().finally(() => x.dispose());
