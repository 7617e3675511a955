import { define } from '../tensor/define.ts';
import { show } from '../tensor/kinds.ts';
import { tidyGraph } from '../tensor/scope.ts';
import { formatShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { gradOfOwnGraph } from './grad.ts';
import { asGiven, type GradInputs, type Gradients, tensorsOf } from './inputs.ts';

export interface ValueAndGrad<Given extends GradInputs> {
  /** The value that f has returned, as a constant. */
  readonly value: Tensor;
  /** One tensor for each input, of its shape; for a single input that tensor. */
  readonly gradients: Gradients<Given>;
}

/**
 * Computes L = f() and dL/d(input) for each input, and frees all else that f has made: what a step of a training loop needs.
 *
 * @param f computes a tensor with one element
 * @param inputs what `f` computes it from: tensors with `requiresGrad`, or parameters; one, or a list
 * @throws Error if an input does not require a gradient, TypeError or RangeError if f returns no tensor or several elements
 */
export const valueAndGrad = define(
  'valueAndGrad',
  <const Given extends GradInputs>(f: () => Tensor, inputs: Given): ValueAndGrad<Given> => {
    const tensors = tensorsOf('valueAndGrad', inputs);
    return tidyGraph(() => {
      const output = f();
      if (!(output instanceof Tensor))
        throw new TypeError(`valueAndGrad: f must return a tensor, not ${show(output)}.`);
      if (output.size !== 1) {
        const problem = `f must return one number, not a tensor ${formatShape(output.shape)}; take its sum or mean.`;
        throw new RangeError(`valueAndGrad: ${problem}`);
      }
      const value = output.detach();
      return { value, gradients: asGiven(inputs, gradOfOwnGraph(output, tensors)) };
    });
  },
);
