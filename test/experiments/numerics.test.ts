import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { numericsVersion } from '../../src/queue/run-inputs.ts';
import { runTraining } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { useBackend } from '../support/on-backend.ts';
import { tinyGlue } from '../support/tiny-glue.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('experiments: version of the numerics');
useBackend(test, 'reference');

/** The mean loss of the last epoch by version and method, of an adapter that is hard to train. */
const losses: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  1: { none: '0.73866', random: '0.74915', snip: '0.74308', grasp: '0.74740' },
};

test('the numbers of runs are those of this version: raise numericsVersion where they change on purpose', async () => {
  const [model, data] = [tinyFolder(), tinyGlue()];
  const found: Record<string, string> = {};
  for (const pruning of ['none', 'random', 'snip', 'grasp'] as const) {
    const result = await runTraining({
      settings: {
        ...{ model, data, task: 'rte', backend: 'reference', pruning, seed: 1, maxLength: 16, epochs: 6, batchSize: 4 },
        ...{ learningRate: 0.05, adapter: { kind: 'houlsby', bottleneck: 16 }, pooling: 'mean' },
      },
      output: temporaryFolder(),
    });
    assert.ok(result.status === 'finished');
    found[pruning] = result.metrics.epoch_losses.at(-1)?.toFixed(5) ?? '';
  }
  // Five places do not depend on the kernels or the machine.
  assert.deepEqual(found, losses[numericsVersion]);
});

test.run();
