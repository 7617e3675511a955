import * as tf from '@tensorflow/tfjs';
import type { Task } from '../tasks.ts';
import { type Job, repeats, timed, unsupported } from './job.ts';
import { weight } from './numbers.ts';
import { paddedBatches, transposed } from './padded.ts';
import { AdamW, clipped, TfjsModel } from './tfjs-model.ts';

function gemm({ m, n, k }: { readonly m: number; readonly n: number; readonly k: number }): Job {
  const x = tf.tensor2d(weight('x', m * k), [m, k]);
  const w = tf.tensor2d(transposed(weight('w', n * k), n, k), [k, n]);
  const count = repeats({ m, n, k });
  return {
    run: async () => {
      const { seconds, result } = await timed(() => {
        for (let i = 1; i < count; i++) tf.matMul(x, w).dispose();
        return tf.matMul(x, w);
      });
      const value = result.dataSync()[m * n - 1];
      result.dispose();
      return { seconds: seconds / count, value };
    },
  };
}

/** The tasks of TensorFlow.js on its current backend. @throws Error for a kind of task that it cannot do */
export function jobOf(task: Task): Job {
  if (task.kind === 'gemm') return gemm(task);
  if (task.kind !== 'forward' && task.kind !== 'train') return unsupported(task);
  const model = new TfjsModel(task);
  const batches = paddedBatches(task);
  if (task.kind === 'forward') {
    return {
      run: async () => {
        const { seconds, result } = await timed(() => tf.tidy(() => model.forward(batches[0]).dataSync()[0]));
        return { seconds, value: result };
      },
    };
  }
  const optimizer = new AdamW();
  return {
    run: async () => {
      const { seconds, result } = await timed(() =>
        tf.tidy(() => {
          const { value, grads } = tf.variableGrads(() => model.loss(batches[0]), model.trained);
          optimizer.step(model.trained, clipped(grads));
          return value.dataSync()[0];
        }),
      );
      return { seconds, value: result };
    },
  };
}
