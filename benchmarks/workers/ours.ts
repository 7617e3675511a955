/** Measures this package. */

import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { version } from '../../src/cli/versions.ts';
import { enableWideVectors, setBackend } from '../../src/index.ts';
import type { Task } from '../tasks.ts';
import { endToEnd } from './ours-end-to-end.ts';
import { gemm, peak } from './ours-gemm.ts';
import { forward, score, train } from './ours-model.ts';
import { type Job, serve } from './serve.ts';

function jobOf(task: Task, backend: WasmBackend): Job | Promise<Job> {
  switch (task.kind) {
    case 'gemm':
      return gemm(task, backend);
    case 'peak':
      return peak(backend);
    case 'forward':
      return forward(task);
    case 'train':
      return train(task);
    case 'snip':
    case 'grasp':
      return score(task);
    case 'end-to-end':
      return endToEnd(task);
  }
}

await serve(async (task, threads) => {
  if (process.env.SPARSE_ADAPTER_WIDE !== '0') enableWideVectors();
  const backend = await setBackend('wasm', { threads });
  if (!(backend instanceof WasmBackend)) throw new Error('The wasm backend is not there.');
  const job = await jobOf(task, backend);
  return {
    version,
    about: backend.describe(),
    job: { run: async () => ({ ...(await job.run()), linearBytes: backend.memory.size }) },
  };
});
