import { type BackendName, setBackend } from '../../../src/index.ts';
import { weight } from '../../workers/numbers.ts';
import { forward, train } from '../../workers/ours-model.ts';
import type { Jobs } from './page.ts';

export async function jobsOn(name: BackendName): Promise<Jobs> {
  const backend = await setBackend(name);
  return {
    describe: () => backend.describe(),
    prepare(task) {
      if (task.kind !== 'product') {
        const job = task.kind === 'forward' ? forward(task) : train(task);
        return async () => (await job.run()).value;
      }
      const { n } = task;
      const [a, b] = ['a', 'b'].map((operand) => backend.upload(weight(operand, n * n)));
      return async () => {
        const product = backend.matmul(a, b, { batch: 1, m: n, n, k: n, transposeA: false, transposeB: false });
        const values = await backend.read(product);
        backend.free(product);
        return values[n * n - 1];
      };
    },
  };
}
