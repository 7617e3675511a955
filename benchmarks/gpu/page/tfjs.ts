import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgl';
import { weight } from '../../workers/numbers.ts';
import { jobOf } from '../../workers/tfjs-jobs.ts';
import type { Jobs } from './page.ts';

export async function jobsOnWebgl(): Promise<Jobs> {
  await tf.setBackend('webgl');
  await tf.ready();
  return {
    describe: () =>
      `TensorFlow.js ${tf.version.tfjs}, webgl backend, version ${tf.env().get('WEBGL_VERSION')} of WebGL`,
    prepare(task) {
      if (task.kind !== 'product') {
        // Their names are unique.
        tf.disposeVariables();
        const job = jobOf(task);
        return async () => (await job.run()).value;
      }
      const { n } = task;
      const [a, b] = ['a', 'b'].map((operand) => tf.tensor2d(weight(operand, n * n), [n, n]));
      return async () => {
        const product = tf.matMul(a, b);
        const values = await product.data();
        product.dispose();
        return values[n * n - 1];
      };
    },
  };
}
