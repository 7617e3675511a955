import type { Backend, Buffer, FusedAttributes, FusedName, Shape, View } from '../backends/backend.ts';
import { isRecording, recordOutput, type Vjp } from '../tensor/graph.ts';
import { tidyInside } from '../tensor/scope.ts';
import { ArgumentError, formatShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';

const placed = ({ shape, backend }: Tensor): string => `${formatShape(shape)} (${backend.dtype}, ${backend.name})`;

/** The backend that holds all `inputs`. @throws ArgumentError when they are on different ones */
export function commonBackend(inputs: readonly Tensor[]): Backend {
  const { backend } = inputs[0];
  for (let i = 1; i < inputs.length; i++) {
    if (inputs[i].backend !== backend)
      throw new ArgumentError(`Tensors of two backends meet: ${inputs.map(placed).join(' and ')}.`);
  }
  return backend;
}

/** Returns whether one of them requires a gradient: most operations on frozen weights and data end here, without a node. */
function isDifferentiable(inputs: readonly Tensor[]): boolean {
  for (let i = 0; i < inputs.length; i++) if (inputs[i].requiresGrad) return true;
  return false;
}

/** What the derivative by one input reads: inputs by their place, the output, or both. */
type Read = readonly (number | 'output')[];
/** The same for each input. */
export type Reads = readonly Read[] | 'all' | 'nothing';

/** Returns the tensors that derivatives read, or nothing where that is all of them. */
function readTensors(inputs: readonly Tensor[], output: Tensor, reads: Reads): Tensor[] | undefined {
  if (reads === 'all') return undefined;
  const read: Tensor[] = [];
  if (reads === 'nothing') return read;
  for (let i = 0; i < inputs.length; i++) {
    if (!inputs[i].requiresGrad) continue;
    for (const place of reads[i]) read.push(place === 'output' ? output : inputs[place]);
  }
  return read;
}

/**
 * A differentiable operation: the value from one primitive and, for each input, its vector-Jacobian product, which is called
 * only when that gradient is needed. As the products are built from tensor operations, they can be differentiated again.
 *
 * @param reads whose numbers the products read: what none of them reads need not be kept for them
 * @param others what they read beside inputs and output
 */
export function operation<Inputs extends readonly Tensor[]>(
  inputs: readonly [...Inputs],
  shape: Shape,
  primitive: (backend: Backend) => Buffer,
  vjps: (output: Tensor) => { [I in keyof Inputs]: Vjp },
  reads: Reads = 'all',
  others?: readonly Tensor[],
): Tensor {
  const backend = commonBackend(inputs);
  const output = Tensor.fromBuffer(backend, primitive(backend), shape);
  if (!isDifferentiable(inputs) || !isRecording()) return output;
  const backward = (dy: Tensor, needs: readonly boolean[]) => {
    const products: readonly Vjp[] = vjps(output);
    return inputs.map((_, i) => (needs[i] ? products[i](dy) : null));
  };
  return recordOutput(output, inputs, backward, { reads: readTensors(inputs, output, reads), saved: others });
}

/**
 * A fused operation. The composition is its definition: it is what runs where the backend has no kernel, and where a derivative
 * has none it is what is differentiated.
 *
 * @param others what kernels and composition read beside the inputs
 */
export function fusedOperation<Name extends FusedName>(
  name: Name,
  inputs: readonly Tensor[],
  shape: Shape,
  attributes: FusedAttributes[Name],
  composition: (...inputs: Tensor[]) => Tensor,
  others: readonly Tensor[] = [],
): Tensor {
  const backend = commonBackend(inputs);
  const kernel = backend.fused[name];
  if (!kernel) return tidyInside(() => composition(...inputs));

  const views = () => inputs.map((input) => input.operand);
  const { output, saved } = kernel.forward(views(), attributes);
  const y = Tensor.fromBuffer(backend, output, shape);
  if (!isDifferentiable(inputs) || !isRecording()) {
    for (const buffer of saved) backend.free(buffer);
    return y;
  }

  const wrap = (buffer: Buffer, like: Shape) => Tensor.fromBuffer(backend, buffer, like);
  const gradients = (buffers: (Buffer | null)[], shapes: readonly Shape[]) =>
    buffers.map((buffer, i) => buffer && wrap(buffer, shapes[i]));
  const shapes = inputs.map((input) => input.shape);

  const kept = saved.map((buffer) => wrap(buffer, [buffer.length]));
  for (const tensor of kept) tensor.ownedByGraph = true;
  const keptBuffers = () => kept.map((tensor) => tensor.operand.buffer);
  const result: View = {
    shape,
    get buffer() {
      return y.operand.buffer;
    },
  };
  recordOutput(
    y,
    inputs,
    (dy, needs) => gradients(kernel.backward(views(), result, keptBuffers(), dy.operand, needs, attributes), shapes),
    {
      // The composition, of which the second derivative is taken, reads all inputs.
      reads: kernel.readsOutput ? [...inputs, y] : inputs,
      saved: [...kept, ...others],
      fused: {
        composition: (...tensors) => [composition(...tensors)],
        doubleBackward: ([dy], gradGrads, needs) => {
          const directions = gradGrads.map((u) => u?.operand ?? null);
          const buffers = kernel.doubleBackward?.(
            views(),
            result,
            keptBuffers(),
            dy.operand,
            directions,
            needs,
            attributes,
          );
          return buffers ? gradients(buffers, [...shapes, shape]) : null;
        },
      },
    },
  );
  return y;
}
