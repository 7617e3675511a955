import type { Tensor } from './tensor.ts';

/** A vector-Jacobian product: d(loss)/d(one input), given d(loss)/d(output). Built from tensor operations. */
export type Vjp = (dy: Tensor) => Tensor;

/** How a tensor was computed: what reverse-mode differentiation needs to know. */
export interface GraphNode {
  readonly inputs: readonly Tensor[];
  /** @returns for each input with `needs[i]` its gradient, null for the others. */
  backward(output: Tensor, dy: Tensor, needs: readonly boolean[]): (Tensor | null)[];
  /**
   * For a fused operation, whose `backward` is a kernel and cannot be differentiated again: the same function as a composition
   * of differentiable operations.
   */
  readonly composition?: (...inputs: Tensor[]) => Tensor;
  /** What the kernel kept from the forward pass. */
  readonly saved?: readonly Tensor[];
}

/** The node of a computed tensor that was freed: it lets go of all that led to it. */
export const freedNode: GraphNode = { inputs: [], backward: () => [] };

let recording = true;

export function isRecording(): boolean {
  return recording;
}

function withRecording<T>(on: boolean, fn: () => T): T {
  const before = recording;
  recording = on;
  try {
    const result = fn();
    if (result instanceof Promise) throw new Error('noGrad() needs a synchronous function.');
    return result;
  } finally {
    recording = before;
  }
}

/** Runs `fn` without recording derivatives: its results are constants. */
export function noGrad<T>(fn: () => T): T {
  return withRecording(false, fn);
}

/** @internal Runs `fn` with recording on, also inside `noGrad`. */
export function withGrad<T>(fn: () => T): T {
  return withRecording(true, fn);
}

/**
 * @internal Gives `output`, just computed by a primitive, its place in the graph, if one of the inputs requires a gradient.
 * @returns the same tensor
 */
export function recordNode(output: Tensor, node: GraphNode): Tensor {
  if (!recording || !node.inputs.some((input) => input.requiresGrad)) return output;
  output.node = node;
  output.captured = true;
  for (const input of node.inputs) input.captured = true;
  return output;
}
