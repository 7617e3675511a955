import {
  bottleneck,
  grad,
  keep,
  loadSparse,
  type SparseMatrix,
  SparsePattern,
  type Tensor,
  tensor,
  tidy,
} from '../../src/index.ts';
import type { AdapterTask } from '../tasks.ts';
import { type Job, repeats, timed } from './job.ts';
import { mask, weight } from './numbers.ts';

await loadSparse();

const leaf = (values: Float32Array, shape: number[]): Tensor => keep(tensor(values, shape, { requiresGrad: true }));

/** A matrix in the form of the task: its leaf, what the adapter takes, and the mask beside it. */
function matrix(task: AdapterTask, name: string, [rows, columns]: [number, number]) {
  const values = weight(name, rows * columns);
  const bits = mask(name, rows * columns, task.sparsity);
  if (task.form === 'sparse') {
    const pattern = SparsePattern.of(bits, [rows, columns]);
    keep(pattern.places);
    const kept = leaf(
      values.filter((_, i) => bits[i] === 1),
      [pattern.kept],
    );
    return { leaf: kept, seen: { pattern, values: kept } satisfies SparseMatrix, mask: null };
  }
  const dense = leaf(values, [rows, columns]);
  return { leaf: dense, seen: dense, mask: task.form === 'masked' ? keep(tensor(bits, [rows, columns])) : null };
}

/** Forward and backward of one adapter: gradients of its input, its matrices and its biases. */
export function adapter(task: AdapterTask): Job {
  const { rows, hidden, bottleneck: inner } = task;
  const [x, gradOutput] = ['x', 'dy'].map((name) => leaf(weight(name, rows * hidden), [rows, hidden]));
  const [down, up] = [matrix(task, 'down', [inner, hidden]), matrix(task, 'up', [hidden, inner])];
  const [downBias, upBias] = [leaf(weight('downBias', inner), [inner]), leaf(weight('upBias', hidden), [hidden])];
  const weights = { down: down.seen, downBias, up: up.seen, upBias, downMask: down.mask, upMask: up.mask };
  const step = () =>
    tidy(() => {
      const y = bottleneck(x, weights, { activation: 'silu', residual: x });
      return grad(y, [x, down.leaf, downBias, up.leaf, upBias], { gradOutput: gradOutput.detach() })[0];
    });
  // Six products of this size.
  const count = repeats({ m: 6 * rows, n: hidden, k: inner });
  return {
    run: async () => {
      const { seconds } = await timed(() => {
        for (let i = 0; i < count; i++) step().dispose();
      });
      const dx = step();
      const numbers = await dx.data();
      dx.dispose();
      return { seconds: seconds / count, value: numbers[numbers.length - 1] };
    },
  };
}
