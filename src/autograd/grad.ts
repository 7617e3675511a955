import { add } from '../ops/arithmetic.ts';
import { type GraphNode, noGrad, recordNode, withGrad } from '../tensor/graph.ts';
import { currentScope, keep, type Scope, tidy } from '../tensor/scope.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import { autogradHook, Tensor } from '../tensor/tensor.ts';

export interface GradOptions {
  /** dL/d(output), same shape as the output; may be left out when the output has one element. */
  readonly gradOutput?: Tensor;
  /** Record the gradients themselves, so that they can be differentiated again. Default false. */
  readonly createGraph?: boolean;
  /** Keep the activations of the graph for another pass. Default: the value of `createGraph`. */
  readonly retainGraph?: boolean;
}

/**
 * Reverse-mode derivative: dL/d(input) for each input, L = sum(gradOutput * output).
 *
 * Inside `tidy`, a pass without `retainGraph` frees the activations of that scope as it goes backwards. With `createGraph`
 * the results are part of a graph of their own: gradients of any order come from calling `grad` on them. An input that the
 * output does not depend on has the gradient zero.
 *
 * @throws Error if an input does not require a gradient, if the output has several elements and no `gradOutput` is given, or
 * if the graph was freed before
 */
export function grad(
  output: Tensor,
  inputs: readonly Tensor[],
  { gradOutput, createGraph = false, retainGraph = createGraph }: GradOptions = {},
): Tensor[] {
  const constant = inputs.find((input) => !input.requiresGrad);
  if (constant) throw new Error(`grad: ${constant} does not require a gradient; make it with requiresGrad: true.`);
  const freeIn = retainGraph ? null : currentScope();
  const run = () => {
    const gradients = backpropagate(output, inputs, seed(output, gradOutput), createGraph, freeIn);
    return inputs.map((input) => gradients.get(input) ?? zerosLike(input));
  };
  return createGraph ? withGrad(run) : tidy(() => noGrad(run));
}

function filled(like: Tensor, value: number): Tensor {
  return Tensor.fromBuffer(like.backend, like.backend.fill(like.size, value), like.shape);
}

const zerosLike = (x: Tensor) => filled(x, 0);

function seed(output: Tensor, gradOutput?: Tensor): Tensor {
  if (gradOutput) {
    if (sameShape(gradOutput.shape, output.shape)) return alias(gradOutput);
    throw new Error(
      `grad: gradOutput has shape ${formatShape(gradOutput.shape)}, the output ${formatShape(output.shape)}.`,
    );
  }
  if (output.size !== 1) {
    throw new Error(
      `grad: the output has shape ${formatShape(output.shape)}; give gradOutput or reduce it to one number.`,
    );
  }
  return filled(output, 1);
}

/**
 * The output and what it was computed from, as far as a gradient is asked for and not older than `oldest`.
 *
 * @throws Error if one of these tensors was freed: the way further back is lost
 */
function ancestors(output: Tensor, oldest = 0): Set<Tensor> {
  const found = new Set([output]);
  // The loop also visits what it adds.
  for (const tensor of found) {
    tensor.assertAlive();
    for (const input of tensor.node?.inputs ?? []) if (input.id >= oldest && input.requiresGrad) found.add(input);
  }
  return found;
}

/**
 * The tensors between the inputs and the output, in the order of their making. Ids grow along every edge of the graph, so
 * nothing older than the oldest input can depend on an input, and descending ids are a topological order.
 */
function path(output: Tensor, inputs: ReadonlySet<Tensor>): Tensor[] {
  const oldest = Math.min(...[...inputs].map((input) => input.id));
  const leading = new Set<Tensor>();
  return [...ancestors(output, oldest)]
    .sort((a, b) => a.id - b.id)
    .filter((tensor) => {
      const leads = inputs.has(tensor) || (tensor.node?.inputs.some((input) => leading.has(input)) ?? false);
      if (leads) leading.add(tensor);
      return leads;
    });
}

function backpropagate(
  output: Tensor,
  inputs: readonly Tensor[],
  gradOutput: Tensor,
  createGraph: boolean,
  freeIn: Scope | null,
): Map<Tensor, Tensor> {
  const wanted = new Set(inputs);
  const onPath = path(output, wanted);
  const leading = new Set(onPath);
  const gradients = new Map<Tensor, Tensor>([[output, gradOutput]]);

  for (const tensor of onPath.reverse()) {
    const dy = gradients.get(tensor);
    const { node } = tensor;
    if (!node || !dy) continue;
    const needs = node.inputs.map((input) => leading.has(input));
    if (needs.includes(true)) {
      const products = createGraph
        ? differentiableBackward(node, tensor, dy, needs)
        : tidy(() => node.backward(tensor, dy, needs));
      products.forEach((product, i) => {
        if (product) accumulate(gradients, node.inputs[i], product, dy, createGraph);
      });
    }
    if (!wanted.has(tensor)) gradients.delete(tensor);
    if (!createGraph && !wanted.has(tensor)) dy.dispose();
    if (freeIn && tensor.scope === freeIn && tensor !== output && !wanted.has(tensor)) {
      for (const saved of node.saved ?? []) saved.dispose();
      tensor.dispose();
    }
  }
  return gradients;
}

/** The vector-Jacobian products as part of the graph; a fused operation is differentiated through its composition. */
function differentiableBackward(
  node: GraphNode,
  output: Tensor,
  dy: Tensor,
  needs: readonly boolean[],
): (Tensor | null)[] {
  if (!node.composition) return node.backward(output, dy, needs);
  // New names for the inputs: the derivative is partial even where one input was computed from another.
  const leaves = node.inputs.map((input) => (input.requiresGrad ? alias(input) : input));
  const wanted = leaves.filter((_, i) => needs[i]);
  const gradients = grad(node.composition(...leaves), wanted, { gradOutput: dy, createGraph: true });
  return leaves.map((leaf, i) => (needs[i] ? gradients[wanted.indexOf(leaf)] : null));
}

/** The identity: the same values as a new tensor in the graph. */
function alias(x: Tensor): Tensor {
  return recordNode(x.view(), { inputs: [x], backward: (_y, dy) => [dy] });
}

/** A rule may hand `dy` on unchanged, even to several inputs, so what is stored is always a tensor of its own. */
function accumulate(
  gradients: Map<Tensor, Tensor>,
  input: Tensor,
  product: Tensor,
  dy: Tensor,
  createGraph: boolean,
): void {
  const before = gradients.get(input);
  if (before) {
    gradients.set(input, add(before, product));
    if (!createGraph) {
      before.dispose();
      if (product !== dy) product.dispose();
    }
  } else {
    gradients.set(input, createGraph ? product : product.view());
    if (!createGraph && product !== dy) product.dispose();
  }
}

/**
 * Adds dL/d(leaf) to `leaf.grad` for every leaf with `requiresGrad` that `output` depends on.
 */
export function backward(output: Tensor, gradOutput?: Tensor): void {
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
}

function leavesOf(output: Tensor): Tensor[] {
  if (!output.requiresGrad) throw new Error('backward: the output depends on no tensor with requiresGrad: true.');
  return [...ancestors(output)].filter((tensor) => !tensor.node);
}

autogradHook.backward = backward;
