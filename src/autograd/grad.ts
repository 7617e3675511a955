import { add } from '../ops/arithmetic.ts';
import { define } from '../tensor/define.ts';
import {
  type Composition,
  type GraphNode,
  isPassed,
  noGrad,
  readBy,
  recordNode,
  recordOutput,
  releaseNode,
  spentNode,
  withGrad,
} from '../tensor/graph.ts';
import { currentScope, keep, tidy, tidyGraph, tidyInside } from '../tensor/scope.ts';
import { ArgumentError, formatShape, sameShape } from '../tensor/shape.ts';
import { autogradHook, Tensor } from '../tensor/tensor.ts';
import { asGiven, type GradInputs, type Gradients, tensorsOf } from './inputs.ts';

export interface GradOptions {
  /** dL/d(output), same shape as the output; may be left out when the output has one element. */
  readonly gradOutput?: Tensor;
  /** Record the gradients themselves, so that they can be differentiated again. Default false. */
  readonly createGraph?: boolean;
  /** Keep the graph for another pass. Default: the value of `createGraph`. */
  readonly retainGraph?: boolean;
}

/**
 * Reverse-mode derivative: dL/d(input) for each input, L = sum(gradOutput * output). For one input, a tensor or a parameter, it is
 * one tensor, for a list a list of as many.
 *
 * A pass without `retainGraph` takes the graph apart as it goes backwards, so that tensors which only it referred to are garbage,
 * and frees at once what no function has returned: the inside of a `tidy`, and what operations have saved for themselves. All that
 * a function has returned, such as logits and the loss, can still be read.
 *
 * With `createGraph` the results have their own graph: gradients of any order come from calling `grad` on them. An
 * input that the output does not depend on has the gradient zero.
 *
 * @throws Error if an input does not require a gradient, if the output has several elements and no `gradOutput` is given, or
 * if an earlier pass has taken the graph apart
 */
export const grad = define(
  'grad',
  <const Given extends GradInputs>(
    output: Tensor,
    inputs: Given,
    { gradOutput, createGraph = false, retainGraph = createGraph }: GradOptions = {},
  ): Gradients<Given> => {
    const release = retainGraph ? null : ownedByGraph;
    return asGiven(inputs, gradients(output, tensorsOf('grad', inputs), { gradOutput, createGraph, release }));
  },
);

/** `grad` for a graph that was recorded in the current scope and that is visible to no other code: frees all of that scope. */
export function gradOfOwnGraph(output: Tensor, inputs: readonly Tensor[], gradOutput?: Tensor): Tensor[] {
  return gradients(output, inputs, { gradOutput, createGraph: false, release: madeHere() });
}

/**
 * The tensors that a pass frees when no later derivative reads them. What operations saved for themselves goes with
 * them. Null leaves the graph as it is.
 */
type Release = ((tensor: Tensor) => boolean) | null;

const ownedByGraph = (tensor: Tensor) => tensor.ownedByGraph;
function madeHere(): Release {
  const scope = currentScope();
  return (tensor) => tensor.ownedByGraph || (scope !== null && tensor.scope === scope);
}

interface PassOptions {
  readonly gradOutput?: Tensor;
  readonly createGraph: boolean;
  readonly release: Release;
}

function gradients(output: Tensor, inputs: readonly Tensor[], options: PassOptions): Tensor[] {
  const { gradOutput, createGraph, release } = options;
  const run = () => {
    const found = backpropagate([output], [seed(output, gradOutput)], inputs, createGraph, release);
    return inputs.map((input) => found.get(input) ?? zerosLike(input));
  };
  return createGraph ? tidyInside(() => withGrad(run)) : tidy(() => noGrad(run));
}

function filled(like: Tensor, value: number): Tensor {
  return Tensor.fromBuffer(like.backend, like.backend.fill(like.size, value), like.shape);
}

const zerosLike = (x: Tensor) => filled(x, 0);

function seed(output: Tensor, gradOutput?: Tensor): Tensor {
  if (gradOutput) {
    if (sameShape(gradOutput.shape, output.shape)) return alias(gradOutput);
    throw new ArgumentError(
      `gradOutput has shape ${formatShape(gradOutput.shape)}, the output ${formatShape(output.shape)}.`,
    );
  }
  if (output.size !== 1) {
    throw new ArgumentError(
      `the output has shape ${formatShape(output.shape)}; give gradOutput or reduce it to one number.`,
    );
  }
  return filled(output, 1);
}

/**
 * The outputs and what they were computed from, as far as a gradient is asked for and not older than `oldest`.
 *
 * @throws Error if one of these tensors was freed, or its node was released: the way further back is lost
 */
function ancestors(outputs: readonly Tensor[], oldest = -1): Set<Tensor> {
  const found = new Set(outputs);
  // The loop also visits what it adds.
  for (const tensor of found) {
    tensor.assertAlive();
    if (tensor.node === spentNode && tensor.id > oldest) throw secondPass(tensor);
    for (const input of tensor.node?.inputs ?? []) if (input.id >= oldest && input.requiresGrad) found.add(input);
  }
  return found;
}

function secondPass({ shape }: Tensor): Error {
  return new Error(
    `grad: the graph that led to the tensor ${formatShape(shape)} was freed, as it always is by a backward pass. To go through it a ` +
      'second time, give the first pass retainGraph: true.',
  );
}

/**
 * The tensors between the inputs and the outputs, in the order of their making. Ids grow along every edge of the graph, so
 * nothing older than the oldest input can depend on an input, and descending ids are a topological order.
 */
function path(outputs: readonly Tensor[], inputs: ReadonlySet<Tensor>): Set<Tensor> {
  const oldest = Math.min(...[...inputs].map((input) => input.id));
  const leading = new Set<Tensor>();
  for (const tensor of [...ancestors(outputs, oldest)].sort((a, b) => a.id - b.id)) {
    if (inputs.has(tensor) || tensor.node?.inputs.some((input) => leading.has(input))) leading.add(tensor);
  }
  return leading;
}

/**
 * The gradients of all tensors of `inputs` that the outputs depend on.
 *
 * A node has its turn when its oldest output has: then all uses of all its outputs, which are younger, are done.
 */
function backpropagate(
  outputs: readonly Tensor[],
  gradOutputs: readonly Tensor[],
  inputs: readonly Tensor[],
  createGraph: boolean,
  release: Release,
): Map<Tensor, Tensor> {
  const kept = new Set([...inputs, ...outputs]);
  const wanted = new Set(inputs);
  const leading = path(outputs, wanted);
  const nodes = new Set<GraphNode>();
  for (const { node } of leading) if (node) nodes.add(node);
  const gradients = new Map<Tensor, Tensor>();
  outputs.forEach((output, i) => {
    accumulate(gradients, output, gradOutputs[i], gradOutputs, createGraph);
  });

  for (const node of [...nodes].reverse()) {
    const needs = node.inputs.map((input) => leading.has(input));
    if (needs.includes(true) && node.outputs.some((output) => gradients.has(output))) {
      const dys = node.outputs.map((output) => gradients.get(output) ?? zerosLike(output));
      const products = createGraph ? differentiableBackward(node, dys, needs) : constantBackward(node, dys, needs);
      products.forEach((product, i) => {
        if (product) accumulate(gradients, node.inputs[i], product, dys, createGraph);
      });
    }
    for (const output of node.outputs) {
      if (wanted.has(output)) continue;
      if (!createGraph) gradients.get(output)?.dispose();
      gradients.delete(output);
    }
    // The node of an input is not passed but reached.
    if (!release || !needs.includes(true)) continue;
    for (const tensor of releaseNode(node)) {
      if (isPassed(tensor) && release(tensor) && !kept.has(tensor)) tensor.dispose();
    }
  }
  return gradients;
}

/** The vector-Jacobian products as constants, without a trace of how they were computed. */
function constantBackward(node: GraphNode, dys: readonly Tensor[], needs: readonly boolean[]): (Tensor | null)[] {
  return tidyGraph(() => noGrad(() => node.backward(dys, needs)));
}

/**
 * The vector-Jacobian products as part of the graph. Those of a fused operation come from its kernel. Together they are a fused
 * operation again: a function of the inputs and of `dys`, whose composition is the derivative of the composition. That is
 * evaluated when this function is differentiated, and freed at once, so a graph holds no more than the results of kernels.
 */
function differentiableBackward(node: GraphNode, dys: readonly Tensor[], needs: readonly boolean[]): (Tensor | null)[] {
  const { inputs, fused } = node;
  if (!fused) return node.backward(dys, needs);
  const products = constantBackward(node, dys, needs);
  const given = products.map((product) => product !== null);
  const both = [...inputs, ...dys];
  const composition: Composition = (...tensors) => {
    const [xs, gradOutputs] = [tensors.slice(0, inputs.length), tensors.slice(inputs.length)];
    return derivative(fused.composition, xs, gradOutputs, given, true).filter((_, i) => given[i]);
  };
  recordNode({
    inputs: both,
    outputs: products.filter((product) => product !== null),
    // The kernel of its own derivative reads all that the first one does.
    saved: readBy(node).filter((tensor) => !inputs.includes(tensor)),
    fused: { composition },
    backward: (gradGrads, needsOfBoth) => {
      const remaining = [...gradGrads];
      const aligned = given.map((isGiven) => (isGiven ? (remaining.shift() as Tensor) : null));
      const fast = fused.doubleBackward?.(dys, aligned, needsOfBoth);
      return fast ?? derivative(composition, both, gradGrads, needsOfBoth, false);
    },
  });
  return products;
}

/** The vector-Jacobian products of a composition. */
function derivative(
  composition: Composition,
  inputs: readonly Tensor[],
  dys: readonly Tensor[],
  needs: readonly boolean[],
  createGraph: boolean,
): (Tensor | null)[] {
  // New names for the inputs: the derivative is partial even where one input was computed from another.
  const leaves = inputs.map((x, i) => (createGraph && x.requiresGrad ? alias(x) : x.leafView(x.shape, needs[i])));
  const results = withGrad(() => composition(...leaves));
  const outputs = results.filter((result) => result !== null);
  const gradOutputs = dys.filter((_, i) => results[i] !== null);
  const wanted = leaves.filter((_, i) => needs[i]);
  const gradients = backpropagate(outputs, gradOutputs, wanted, createGraph, createGraph ? null : madeHere());
  return leaves.map((leaf, i) => (needs[i] ? (gradients.get(leaf) ?? null) : null));
}

/** The identity: the same values as a new tensor in the graph. */
function alias(x: Tensor): Tensor {
  return recordOutput(x.leafView(), [x], (dy) => [dy], { reads: [] });
}

/** A rule may return one of `dys` unchanged, even for several inputs, so a new tensor is stored in each case. */
function accumulate(
  gradients: Map<Tensor, Tensor>,
  input: Tensor,
  product: Tensor,
  dys: readonly Tensor[],
  createGraph: boolean,
): void {
  const before = gradients.get(input);
  if (before) {
    gradients.set(input, add(before, product));
    if (!createGraph) {
      before.dispose();
      if (!dys.includes(product)) product.dispose();
    }
  } else {
    gradients.set(input, createGraph ? product : product.leafView());
    if (!createGraph && !dys.includes(product)) product.dispose();
  }
}

/**
 * Adds dL/d(leaf) to `leaf.grad` for every leaf with `requiresGrad` that `output` depends on.
 */
export const backward = define('backward', (output: Tensor, gradOutput?: Tensor): void => {
  const leaves = leavesOf(output);
  grad(output, leaves, { gradOutput }).forEach((gradient, i) => {
    const leaf = leaves[i];
    const before = leaf.grad;
    leaf.grad = keep(before ? noGrad(() => add(before, gradient)) : gradient);
    if (before) {
      before.dispose();
      gradient.dispose();
    }
  });
});

function leavesOf(output: Tensor): Tensor[] {
  if (!output.requiresGrad) throw new Error('backward: the output depends on no tensor with requiresGrad: true.');
  return [...ancestors([output])].filter((tensor) => !tensor.node);
}

autogradHook.backward = backward;
