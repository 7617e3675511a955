import type { Tensor } from './tensor.ts';

/** A vector-Jacobian product: d(loss)/d(one input), given d(loss)/d(output). Built from tensor operations. */
export type Vjp = (dy: Tensor) => Tensor;

/** A function of tensors made of differentiable operations. A result that is null stands for zeros. */
export type Composition = (...inputs: Tensor[]) => readonly (Tensor | null)[];

/** The origin of tensors, as reverse-mode differentiation needs it. */
export interface GraphNode {
  readonly inputs: readonly Tensor[];
  /** Most functions have one result; the derivative of a fused operation has one for each input that needs a gradient. */
  readonly outputs: readonly Tensor[];
  /**
   * @param dys dL/d(output) for each output
   * @returns for each input with `needs[i]` its gradient, where null stands for zero; null for the others
   */
  backward(dys: readonly Tensor[], needs: readonly boolean[]): (Tensor | null)[];
  /** Those of inputs and outputs whose numbers `backward` reads; all of them if it is left out. The others it needs as places alone. */
  readonly reads?: readonly Tensor[];
  /** Tensors that `backward` reads beside them. */
  readonly saved?: readonly Tensor[];
  /** For a fused operation, whose `backward` is a kernel and cannot be differentiated again. */
  readonly fused?: FusedFunction;
}

/** The parts that higher derivatives of a fused operation are made from. */
export interface FusedFunction {
  /** The same function of the inputs. */
  readonly composition: Composition;
  /**
   * The derivative of `backward`, a function of the inputs and `dys`, by a kernel.
   *
   * @param gradGrads dL/d(gradient) for each gradient that `backward` gave, null for the others
   * @returns for each input, and then for each of `dys`, with `needs[i]` its gradient, null for the others; null instead of all
   * where there is no kernel
   */
  readonly doubleBackward?: (
    dys: readonly Tensor[],
    gradGrads: readonly (Tensor | null)[],
    needs: readonly boolean[],
  ) => (Tensor | null)[] | null;
}

const nothing: GraphNode = { inputs: [], outputs: [], backward: () => [] };
/** The node of a computed tensor that was freed: it lets go of all that led to it. */
export const freedNode: GraphNode = { ...nothing };
/** The node of a computed tensor whose own node a pass has released: the numbers are there, the way back is not. */
export const spentNode: GraphNode = { ...nothing };

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

/**
 * Runs `fn` without recording derivatives: its results are constants.
 *
 * @throws TypeError if `fn` is no function
 * @throws Error if it returns a promise
 */
export function noGrad<T>(fn: () => T): T {
  if (typeof fn !== 'function') throw new TypeError(`noGrad: fn must be a function, not ${typeof fn}.`);
  return withRecording(false, fn);
}

/** @internal Runs `fn` with recording on, also inside `noGrad`. */
export function withGrad<T>(fn: () => T): T {
  return withRecording(true, fn);
}

/** @internal Gives `node.outputs`, just computed, their place in the graph, if one of the inputs requires a gradient. */
export function recordNode(node: GraphNode): void {
  if (!recording || !node.inputs.some((input) => input.requiresGrad)) return;
  for (const output of node.outputs) output.node = node;
  for (const tensor of heldBy(node)) tensor.holders++;
  for (const tensor of readBy(node)) tensor.readers++;
}

/** The tensors that a node keeps alive. Its outputs are none of them: the way to the node leads through one of them. */
const heldBy = ({ inputs, saved }: GraphNode): readonly Tensor[] => (saved ? [...inputs, ...saved] : inputs);

/** @internal The tensors whose numbers a node keeps. */
export const readBy = ({ inputs, outputs, reads, saved }: GraphNode): readonly Tensor[] => {
  const own = reads ?? [...inputs, ...outputs];
  return saved ? [...own, ...saved] : own;
};

/**
 * @internal Takes a node out of the graph, so that nothing that it refers to lives because of it.
 *
 * @returns what no derivative may now read any more
 */
export function releaseNode(node: GraphNode): readonly Tensor[] {
  for (const output of node.outputs) if (output.node === node) output.node = spentNode;
  const held = heldBy(node);
  for (const tensor of held) tensor.holders--;
  for (const tensor of readBy(node)) tensor.readers--;
  return [...node.outputs, ...held];
}

/** @internal Whether no derivative that is still to come leads through this tensor. */
export const isPassed = ({ holders, node }: Tensor): boolean => holders === 0 && (node === null || node === spentNode);

/** Nodes whose outputs were all freed, while the first of them is taken apart: their number has no bound, that of calls has. */
let abandoned: GraphNode[] | null = null;

/** @internal Takes note that an output of a node was freed. With the last of them the node goes, and what it alone has read. */
export function abandonNode(node: GraphNode): void {
  if (!node.outputs.every((output) => output.isDisposed)) return;
  if (abandoned) {
    abandoned.push(node);
    return;
  }
  abandoned = [node];
  for (const each of abandoned) {
    for (const tensor of readBy(each)) tensor.readers--;
    for (const tensor of heldBy(each)) if (--tensor.holders === 0 && tensor.ownedByGraph) tensor.dispose();
  }
  abandoned = null;
}

/** @internal The same for a function with one result. @returns the result */
export function recordOutput(
  output: Tensor,
  inputs: readonly Tensor[],
  backward: (dy: Tensor, needs: readonly boolean[]) => (Tensor | null)[],
  more: Pick<GraphNode, 'reads' | 'saved' | 'fused'> = {},
): Tensor {
  recordNode({ inputs, outputs: [output], backward: ([dy], needs) => backward(dy, needs), ...more });
  return output;
}
