/** Measures this package. */

import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { version } from '../../src/cli/versions.ts';
import { enableSimd256, setBackend } from '../../src/index.ts';
import type { Task } from '../tasks.ts';
import type { Job } from './job.ts';
import { adapter } from './ours-adapter.ts';
import { endToEnd } from './ours-end-to-end.ts';
import { gemm, peak } from './ours-gemm.ts';
import { forward, score, train } from './ours-model.ts';
import { trainPairs, write } from './ours-pairs.ts';
import { program } from './ours-program.ts';
import { tokenize } from './ours-tokenizer.ts';
import { Profiler } from './profiler.ts';
import { serve } from './serve.ts';

function jobOf(task: Task, backend: WasmBackend): Job | Promise<Job> {
  switch (task.kind) {
    case 'gemm':
      return gemm(task, backend);
    case 'peak':
      return peak(backend);
    case 'adapter':
      return adapter(task);
    case 'forward':
      return forward(task);
    case 'train':
    case 'profile':
      return train(task);
    case 'train-pairs':
      return trainPairs(task);
    case 'write':
      return write(task);
    case 'snip':
    case 'grasp':
      return score(task);
    case 'tokenize':
      return tokenize(task);
    case 'end-to-end':
      return endToEnd(task);
    case 'program':
      return program(task, backend.threads);
  }
}

await serve(async (task, threads) => {
  const profiler = task.kind === 'profile' ? await Profiler.enable() : null;
  if (process.env.SPARSE_ADAPTER_SIMD256 !== '0') enableSimd256();
  const backend = await setBackend('wasm', { threads });
  if (!(backend instanceof WasmBackend)) throw new Error('The wasm backend is not there.');
  const job = await jobOf(task, backend);
  const watched = profiler ? profiler.watch(job, backend) : job;
  return {
    version,
    about: backend.describe(),
    job: { run: async () => ({ ...(await watched.run()), linearBytes: backend.memory.size }) },
  };
});
