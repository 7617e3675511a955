/** Measures forward passes of ONNX Runtime Web on its wasm backend. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import type { Task } from '../tasks.ts';
import { type Job, repeats, timed, unsupported } from './job.ts';
import { weight } from './numbers.ts';
import { paddedBatches } from './padded.ts';
import { serve } from './serve.ts';

async function sessionOf(task: Task): Promise<ort.InferenceSession> {
  const folder = mkdtempSync(join(tmpdir(), 'sparse-adapter-bench-'));
  try {
    const file = join(folder, 'model.onnx');
    execFileSync(process.execPath, [join(import.meta.dirname, 'onnx-write.ts'), JSON.stringify(task), file]);
    return await ort.InferenceSession.create(file, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function jobOf(task: Task): Promise<Job> {
  if (task.kind !== 'gemm' && task.kind !== 'forward') return unsupported(task);
  const session = await sessionOf(task);
  const count = task.kind === 'gemm' ? repeats(task) : 1;
  const feeds = task.kind === 'gemm' ? gemmFeeds(task) : forwardFeeds(task);
  const [output] = session.outputNames;
  return {
    run: async () => {
      const { seconds, result } = await timed(async () => {
        for (let i = 1; i < count; i++) await session.run(feeds);
        return session.run(feeds);
      });
      const values = (await result[output].getData()) as Float32Array;
      return { seconds: seconds / count, value: task.kind === 'gemm' ? values[values.length - 1] : values[0] };
    },
  };
}

function gemmFeeds({ m, k }: Task & { readonly kind: 'gemm' }): Record<string, ort.Tensor> {
  return { x: new ort.Tensor('float32', weight('x', m * k), [m, k]) };
}

function forwardFeeds(task: Task & { readonly kind: 'forward' }): Record<string, ort.Tensor> {
  const [{ ids, padding, sequences, length }] = paddedBatches(task);
  return {
    ids: new ort.Tensor('int32', ids, [sequences, length]),
    padding: new ort.Tensor('float32', padding, [sequences, 1, 1, length]),
  };
}

await serve(async (task, threads) => {
  ort.env.wasm.numThreads = threads;
  const job = await jobOf(task);
  return { version: ort.env.versions.web ?? 'unknown', about: `${threads} threads`, job };
});
