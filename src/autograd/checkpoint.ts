import { MemoryError } from '../backends/backend.ts';
import { define } from '../tensor/define.ts';
import { isRecording, recordOutput, withGrad } from '../tensor/graph.ts';
import { show } from '../tensor/kinds.ts';
import { currentScope, type Scope, tidyGraph, tidyInside } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { gradOfOwnGraph } from './grad.ts';

/** Returns the result of `fn`. @throws TypeError if that is no tensor */
function checked(output: unknown): Tensor {
  if (output instanceof Tensor) return output;
  throw new TypeError(`checkpoint: fn must return a tensor, not ${show(output)}.`);
}

/** The numbers of a tensor as a leaf of a graph of their own. */
const standIn = (x: Tensor): Tensor => x.leafView(x.shape, x.requiresGrad);

/** Returns the tensors outside of `scope` at which its graph begins: parameters, and what was computed before. */
function sourcesOutside(output: Tensor, scope: Scope | null): Tensor[] {
  const inside = new Set([output]);
  const outside = new Set<Tensor>();
  // The loop also visits what it adds.
  for (const tensor of inside) {
    for (const input of tensor.node?.inputs ?? []) {
      if (input.requiresGrad) (input.scope === scope ? inside : outside).add(input);
    }
  }
  return [...outside];
}

/**
 * fn(...inputs), of whose inside nothing is kept for the derivative: that computes it again when it gets there (Chen et al., 2016,
 * "Training deep nets with sublinear memory cost"). A stack of such functions keeps one tensor for each of them and the inside of
 * one, and takes a second forward pass in exchange. Values are the same to the last bit, gradients but for the
 * order in which contributions are added.
 *
 * @param fn must give the same again, so random numbers come from seeds; it may read parameters and what was computed before, but
 * everything that depends on another checkpointed function must be an input
 * @throws MemoryError when a gradient of its gradient is asked for
 */
export const checkpoint = define(
  'checkpoint',
  (fn: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]): Tensor => {
    if (!isRecording()) return tidyInside(() => checked(fn(...inputs)));
    const { value, outside } = tidyGraph(() => {
      const output = checked(fn(...inputs.map(standIn)));
      return { value: output.detach(), outside: sourcesOutside(output, currentScope()) };
    });
    const read = [...inputs, ...outside];
    const backward = (dy: Tensor, needs: readonly boolean[]): (Tensor | null)[] => {
      if (isRecording()) {
        throw new MemoryError(
          'Second derivatives need what is computed again to save memory; lower the batch size or the sequence length.',
        );
      }
      const leaves = inputs.map(standIn);
      const output = withGrad(() => fn(...leaves));
      const wanted = [...leaves, ...outside].filter((_, i) => needs[i]);
      const gradients = gradOfOwnGraph(output, wanted, dy)[Symbol.iterator]();
      return needs.map((needed) => (needed ? gradients.next().value! : null));
    };
    return recordOutput(value, read, backward, { reads: read });
  },
);
