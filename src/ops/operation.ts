import type { Backend, Buffer, FusedAttributes, FusedName, Shape } from '../backends/backend.ts';
import { recordNode, type Vjp } from '../tensor/graph.ts';
import { Tensor } from '../tensor/tensor.ts';

/** The backend that holds all `inputs`. @throws Error when they are on different ones */
export function commonBackend(inputs: readonly Tensor[]): Backend {
  const { backend } = inputs[0];
  for (const input of inputs) {
    if (input.backend !== backend) throw new Error(`Tensors of two backends meet: ${inputs.join(' and ')}.`);
  }
  return backend;
}

/**
 * A differentiable operation: the value from one primitive and, for each input, its vector-Jacobian product, which is called
 * only when that gradient is needed. As the products are built from tensor operations, they can be differentiated again.
 */
export function operation<Inputs extends readonly Tensor[]>(
  inputs: readonly [...Inputs],
  shape: Shape,
  primitive: (backend: Backend) => Buffer,
  vjps: (output: Tensor) => { [I in keyof Inputs]: Vjp },
): Tensor {
  const backend = commonBackend(inputs);
  const output = Tensor.fromBuffer(backend, primitive(backend), shape);
  return recordNode(output, {
    inputs,
    backward: (y, dy, needs) => {
      const products: readonly Vjp[] = vjps(y);
      return inputs.map((_, i) => (needs[i] ? products[i](dy) : null));
    },
  });
}

/**
 * A fused operation. The composition is its definition: it is what runs where the backend has no kernel, and what derivatives
 * of higher order are taken through. Where the backend has one, the kernel computes the value and the first derivative.
 */
export function fusedOperation<Name extends FusedName>(
  name: Name,
  inputs: readonly Tensor[],
  shape: Shape,
  attributes: FusedAttributes[Name],
  composition: (...inputs: Tensor[]) => Tensor,
): Tensor {
  const backend = commonBackend(inputs);
  const kernel = backend.fused[name];
  if (!kernel) return composition(...inputs);

  const wrap = (buffer: Buffer, like: Shape) => Tensor.fromBuffer(backend, buffer, like);
  const { output, saved } = kernel.forward(
    inputs.map((input) => input.operand),
    attributes,
  );
  const savedTensors = saved.map((buffer) => wrap(buffer, [buffer.length]));
  const result = recordNode(wrap(output, shape), {
    inputs,
    saved: savedTensors,
    composition,
    backward: (y, dy, needs) =>
      kernel
        .backward(
          inputs.map((input) => input.operand),
          y.operand,
          savedTensors.map((tensor) => tensor.operand.buffer),
          dy.operand,
          needs,
          attributes,
        )
        .map((buffer, i) => buffer && wrap(buffer, inputs[i].shape)),
  });
  for (const tensor of savedTensors) {
    if (result.node) tensor.captured = true;
    else tensor.dispose();
  }
  return result;
}
