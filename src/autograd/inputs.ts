import type { Differentiable } from '../tensor/kinds.ts';
import { formatShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';

/** One input, or several. */
export type GradInputs = Differentiable | readonly Differentiable[];
/** A tensor for one input, and for a list as many tensors as it has inputs. */
export type Gradients<Given extends GradInputs> = Given extends readonly unknown[]
  ? { -readonly [Place in keyof Given]: Tensor }
  : Tensor;

const isList = (inputs: GradInputs): inputs is readonly Differentiable[] => Array.isArray(inputs);

/** The tensors that gradients are asked for. @throws Error if one of them requires none; it begins with the name of the function */
export function tensorsOf(name: string, inputs: GradInputs): readonly Tensor[] {
  const tensors = (isList(inputs) ? inputs : [inputs]).map((input) => (input instanceof Tensor ? input : input.value));
  const constant = tensors.find((input) => !input.requiresGrad);
  if (!constant) return tensors;
  throw new Error(
    `${name}: the input ${formatShape(constant.shape)} does not require a gradient; make it with requiresGrad: true.`,
  );
}

/** One for each tensor of `inputs`, in the form of `inputs`. */
export function asGiven<Given extends GradInputs>(inputs: Given, results: readonly Tensor[]): Gradients<Given> {
  return (isList(inputs) ? results : results[0]) as Gradients<Given>;
}
