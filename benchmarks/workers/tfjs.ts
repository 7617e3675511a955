/**
 * Measures TensorFlow.js on its wasm backend, which is single-threaded in Node.js. Weights are stored [in, out], as its layers
 * do: a product with a transposed matrix takes ten times as long there.
 */
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { serve } from './serve.ts';
import { jobOf } from './tfjs-jobs.ts';

await serve(async (task) => {
  await tf.setBackend('wasm');
  await tf.ready();
  return { version: tf.version.tfjs, about: '1 thread', job: jobOf(task) };
});
